// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/home_status.h"

#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "bindings/policy_text.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/approval.h"
#include "test/support/temp_home.h"
#include "test/vault/sample.h"
#include "vault/approval.h"

namespace keyswap::cli {

namespace {

constexpr std::int64_t kDay = 24 * 3600;

void make_folder(const std::string& path) {
  REQUIRE(mkdir(path.c_str(), 0700) == 0);
}

}  // namespace

TEST_CASE("a home where everything is missing has a status all the same") {
  const test::TempHome temp;
  const HomeStatus status = look_at(temp.home());
  CHECK_FALSE(status.is_well());
  CHECK(status.unlocks == Unlocks::unknown);
  CHECK_FALSE(status.vault_fault.empty());
  CHECK_FALSE(status.ca_made_s);
  CHECK(status.policy == PolicySeen::broken);
  CHECK(status.audit.segments == 0);
  const auto json = nlohmann::json::parse(status_json(temp.home(), status, kDay));
  CHECK(json["running"] == false);
  CHECK(json["unlocked_by"] == "unknown");
  CHECK(status_text(temp.home(), status, kDay).find("none runs") != std::string::npos);
}

TEST_CASE("whether the bindings are approved is seen without a passphrase") {
  const test::TempHome temp;
  const std::string text = "version: 1\nsecrets: {}\n";
  static_cast<void>(temp.put("bindings.yaml", text));
  CHECK(look_at(temp.home()).policy == PolicySeen::none);
  make_folder(temp.home().approved());
  const auto digest = vault::policy_digest(bindings::encode_policy({text, {}}));
  static_cast<void>(temp.put("approved/" + base::to_hex(digest), "kept"));
  CHECK(look_at(temp.home()).policy == PolicySeen::approved);
  static_cast<void>(temp.put("bindings.yaml", text + "# another\n"));
  CHECK(look_at(temp.home()).policy == PolicySeen::unapproved);
}

TEST_CASE("where a key file approves, a changed file is not told to be refused") {
  const test::TempHome temp;
  const Home home = temp.home();
  const vault::sample::TempDir made;
  std::filesystem::copy_file(vault::sample::make_sample(made), home.vault());
  const std::string text = "version: 1\nsecrets: {}\n";
  const auto mode = GENERATE(vault::ApprovalMode::key, vault::ApprovalMode::passphrase);
  {
    auto vault = vault::sample::open_vault(home.vault());
    REQUIRE_FALSE(approve(home, vault, nothing_approved(mode), {text, {}}, {}));
  }
  static_cast<void>(temp.put("bindings.yaml", text));
  static_cast<void>(temp.put("key", std::string(vault::sample::kPassphrase) + "\n"));
  CHECK(look_at(home).policy == PolicySeen::approved);
  static_cast<void>(temp.put("bindings.yaml", text + "# another\n"));
  const bool is_taken = mode == vault::ApprovalMode::key;
  CHECK(look_at(home).policy == (is_taken ? PolicySeen::taken_so : PolicySeen::unapproved));
  const std::string told = status_text(home, look_at(home), kDay);
  CHECK((told.find("not what is approved") == std::string::npos) == is_taken);
}

TEST_CASE("a secret that no rule uses is told, and the command that makes one") {
  const test::TempHome temp;
  const vault::sample::TempDir made;
  std::filesystem::copy_file(vault::sample::make_sample(made), temp.home().vault());
  static_cast<void>(temp.put("bindings.yaml", "version: 1\nsecrets: {}\n"));
  const HomeStatus status = look_at(temp.home());
  const std::string told = status_text(temp.home(), status, kDay);
  CHECK(told.find("no rule uses ") != std::string::npos);
  CHECK(told.find("--host HOST") != std::string::npos);
  const auto unbound = nlohmann::json::parse(status_json(temp.home(), status, kDay))["unbound"];
  CHECK(std::ranges::find(unbound, "OPENAI_API_KEY") != unbound.end());
}

TEST_CASE("the audit log's size and last record are told, a torn end and an empty segment aside") {
  const test::TempHome temp;
  make_folder(temp.home().audit());
  static_cast<void>(temp.put("audit/audit-000001.jsonl",
                             "{\"ts\":\"2026-01-01T00:00:00.000000Z\"}\n"
                             "{\"ts\":\"2026-01-02T00:00:00.000000Z\"}\n{\"ts\":\"2026"));
  static_cast<void>(temp.put("audit/audit-000002.jsonl", ""));
  const HomeStatus status = look_at(temp.home());
  CHECK(status.audit.segments == 2);
  CHECK(status.audit.bytes > 80);
  CHECK(status.audit.last_record == "2026-01-02T00:00:00.000000Z");
  // What was archived does not count.
  std::filesystem::rename(temp.home().audit() + "/audit-000001.jsonl",
                          temp.home().audit() + "/audit-000007.jsonl");
  std::filesystem::remove(temp.home().audit() + "/audit-000002.jsonl");
  CHECK(look_at(temp.home()).audit.segments == 1);
  CHECK(look_at(temp.home()).audit.last_record == "2026-01-02T00:00:00.000000Z");
}

TEST_CASE("all that a proxy listens on is told, and where it is managed") {
  const test::TempHome temp;
  HomeStatus status = look_at(temp.home());
  status.proxy = RunningProxy{17, "127.0.0.1:1", "/b.yaml"};
  CHECK(status_text(temp.home(), status, kDay).find("listens on 127.0.0.1:1, pid 17") !=
        std::string::npos);
  status.proxy->listen = {"0.0.0.0:1", "unix:/run/k.sock"};
  status.proxy->manage = "127.0.0.1:2";
  const auto json = nlohmann::json::parse(status_json(temp.home(), status, kDay));
  CHECK(json["listen"] == status.proxy->listen);
  CHECK(json["manage"] == "127.0.0.1:2");
  const std::string text = status_text(temp.home(), status, kDay);
  for (const char* part : {"0.0.0.0:1,", "unix:/run/k.sock,", "127.0.0.1:2,"}) {
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("what ails the running proxy is told, and where nothing does the lists are empty") {
  const test::TempHome temp;
  HomeStatus status = look_at(temp.home());
  CHECK_FALSE(nlohmann::json::parse(status_json(temp.home(), status, kDay))
                  .contains("sources_down"));  // nobody can say
  status.proxy = RunningProxy{17, "127.0.0.1:1", "/b.yaml"};
  auto json = nlohmann::json::parse(status_json(temp.home(), status, kDay));
  CHECK(json["sources_down"] == nlohmann::json::array());
  CHECK(json["clocks_apart"] == nlohmann::json::array());
  status.proxy->troubles.sources = {{"company", {"sealed", false, kDay - 60, kDay + 5}},
                                    {"mint:K", {"token_endpoint_error:invalid_grant", true, 1, 0}}};
  status.proxy->troubles.clocks = {{"a.test:443", -90}};
  status.proxy->troubles.more = 1;
  json = nlohmann::json::parse(status_json(temp.home(), status, kDay));
  REQUIRE(json["sources_down"].size() == 2);
  CHECK(json["sources_down"][0]["source"] == "company");
  CHECK(json["sources_down"][0]["outcome"] == "sealed");
  CHECK(json["sources_down"][0]["needs_login"] == false);
  CHECK(json["sources_down"][0]["login"].is_null());
  CHECK(json["sources_down"][1]["login"] == "keyswap login --name K");
  CHECK(json["sources_down"][0]["since"] == "1970-01-01T23:59:00Z");
  CHECK(json["sources_down"][0]["asked_again_in_s"] == 5);
  REQUIRE(json["clocks_apart"].size() == 1);
  CHECK(json["clocks_apart"][0]["upstream"] == "a.test:443");
  CHECK(json["clocks_apart"][0]["offset_s"] == -90);
  CHECK(json["more_troubles"] == 1);
  const std::string text = status_text(temp.home(), status, kDay);
  for (const char* part : {"company is down: sealed", "a.test:443 is 90 s behind"}) {
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("a CA that has ended is told as such") {
  const test::TempHome temp;
  HomeStatus status = look_at(temp.home());
  status.ca_made_s = 0;
  status.ca_until_s = 10 * kDay;
  CHECK(status_text(temp.home(), status, 3 * kDay).find("(7 days)") != std::string::npos);
  CHECK(status_text(temp.home(), status, 10 * kDay).find("expired on") != std::string::npos);
}

}  // namespace keyswap::cli
