// SPDX-License-Identifier: Apache-2.0
//
// The promises that single parts keep: the log, the limits, the CA, the addresses.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "audit/log.h"
#include "audit/verify.h"
#include "ca/authority.h"
#include "ca/leaf.h"
#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/base/clock.h"
#include "proxy/flow/address_guard.h"
#include "proxy/http/decoder.h"
#include "vault/signing_key.h"

namespace keyswap {

namespace {

class Waiter final : public audit::Listener {
 public:
  void batch_done(std::uint64_t /*ticket*/, bool durable) override { done_.set_value(durable); }

  bool wait() { return done_.get_future().get(); }

 private:
  std::promise<bool> done_;
};

struct Folder {
  Folder() {
    std::string name = "/tmp/keyswap-invariant-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }

  ~Folder() { static_cast<void>(std::system(("rm -rf " + path).c_str())); }

  std::string path;
};

void write_log(const std::string& folder, const base::Clock& clock) {
  REQUIRE(vault::lock_memory());
  auto made = vault::make_signing_seed();
  REQUIRE(made);
  auto derived = vault::SigningKey::of(*made);
  REQUIRE(derived);
  const auto key = std::make_shared<const vault::SigningKey>(std::move(derived).value());
  audit::Log::Settings settings;
  settings.folder = folder;
  settings.segment_bytes = base::bounds::kAuditSegmentBytes;
  settings.sign = [key](std::string_view message) {
    return key->sign(message);
  };
  settings.public_key = key->public_key();
  settings.clock = &clock;
  auto log = audit::Log::open(std::move(settings));
  REQUIRE(log);
  audit::Batch batch;
  for (int i = 0; i < 20; ++i) {
    audit::DecisionRecord record;
    record.request_id = "r" + std::to_string(i);
    record.decision = audit::Decision::allowed;
    record.reason = audit::Reason::binding_matched;
    record.destination = {"api.example.test", 443, "GET", "/v1/x"};
    batch.add(record);
  }
  batch.is_urgent = true;
  Waiter waiter;
  REQUIRE((*log)->append(std::move(batch), &waiter, 1));
  REQUIRE(waiter.wait());
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void replace(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

bool is_intact(const std::string& folder) {
  const auto verdict = audit::verify(folder, {});
  REQUIRE(verdict);
  return verdict->is_intact;
}

}  // namespace

TEST_CASE("I7 an edit, a removal, a reorder and a truncation of the log are detected", "[I7]") {
  const Folder folder;
  const base::SystemClock clock;
  write_log(folder.path, clock);
  REQUIRE(is_intact(folder.path));
  const std::string file = folder.path + "/audit-000001.jsonl";
  const std::string whole = contents(file);
  const std::size_t first = whole.find('\n') + 1;
  const std::size_t second = whole.find('\n', first) + 1;
  std::string edited = whole;
  edited[first + 100] = static_cast<char>(edited[first + 100] ^ 1);
  for (const std::string& changed :
       {edited,
        whole.substr(0, first) + whole.substr(second),  // removed
        whole.substr(first, second - first) + whole.substr(0, first) +
            whole.substr(second),                                     // moved
        whole.substr(0, whole.rfind('\n', whole.size() - 2) + 1)}) {  // cut short
    replace(file, changed);
    CHECK(!is_intact(folder.path));
  }
  replace(file, whole);
  CHECK(is_intact(folder.path));
}

TEST_CASE("I10 a head without end is refused at its bound, and a buffer does not outgrow its own",
          "[I10]") {
  http::Decoder decoder(http::Decoder::Role::request);
  std::string endless = "GET / HTTP/1.1\r\nHost: h\r\n";
  std::size_t taken = 0;
  http::Step step;
  for (int i = 0; i < 100'000 && step.kind != http::Step::Kind::error; ++i) {
    step = decoder.next(endless);
    taken += endless.size();
    endless = "X: " + std::string(1000, 'a') + "\r\n";
  }
  CHECK(step.kind == http::Step::Kind::error);
  CHECK(taken < 3 * base::bounds::kRequestHeadBytesMax);
  base::Buffer buffer(1000);
  CHECK(buffer.append(std::string(1000, 'a')));
  CHECK(!buffer.append("b"));
}

TEST_CASE("I11 a leaf names one host and lives at most seven days", "[I11]") {
  REQUIRE(vault::lock_memory());
  constexpr std::int64_t kNow = 1'790'000'000;
  auto made = ca::create_authority(kNow);
  REQUIRE(made);
  const auto authority = ca::Authority::open(made->key_der, made->certificate_pem, kNow);
  REQUIRE(authority);
  const auto key = ca::LeafKey::create();
  REQUIRE(key);
  const auto leaf = ca::mint_leaf(**authority, *key, "api.example.test", false, kNow);
  REQUIRE(leaf);
  CHECK((*leaf)->not_after_s - kNow <= 7 * 24 * 3600);
  CHECK((*leaf)->not_after_s > kNow);
  for (const char* bad : {"", "a b", "*.example.test", "a,DNS:evil.test"}) {
    CHECK(!ca::mint_leaf(**authority, *key, bad, false, kNow));
  }
}

TEST_CASE("I12 addresses that are not public are refused, metadata even where a range allows it",
          "[I12]") {
  for (const char* address : {"127.0.0.1",
                              "10.0.0.1",
                              "172.16.0.1",
                              "192.168.1.1",
                              "169.254.1.1",
                              "224.0.0.1",
                              "0.0.0.0",
                              "::1",
                              "fe80::1",
                              "fc00::1",
                              "::ffff:127.0.0.1"}) {
    CHECK(flow::judge_address(address, {}) == flow::AddressVerdict::not_public);
  }
  const std::vector<bindings::AddressRange> all = {{"0.0.0.0", 0}, {"::", 0}};
  CHECK(flow::judge_address("169.254.169.254", all) == flow::AddressVerdict::metadata);
  CHECK(flow::judge_address("10.0.0.1", all) == flow::AddressVerdict::allowed);
  CHECK(flow::judge_address("93.184.216.34", {}) == flow::AddressVerdict::allowed);
}

}  // namespace keyswap
