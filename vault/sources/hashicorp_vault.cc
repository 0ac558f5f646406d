// SPDX-License-Identifier: Apache-2.0
//
// HashiCorp Vault and OpenBao: the key-value engine, version 2. A key is a path below `mount`, and
// its value an object, of which a field is asked for, or the only one that there is.
// Source: OpenBao's API documentation, "KV secrets engine - version 2".
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "vault/sources/each_key_run.h"
#include "vault/sources/hashicorp_login.h"
#include "vault/sources/kinds.h"

namespace keyswap::vault {

namespace {

using hashicorp::Server;
using hashicorp::TokenSteps;

struct KeyValues {
  explicit KeyValues(const SourceSpec& spec) : server(spec), mount(setting_text(spec, "mount")) {
    mount = mount.empty() ? "secret" : mount;
  }

  Server server;
  std::string mount;
};

class FetchRun final : public EachKeyRun {
 public:
  FetchRun(KeyValues& values, std::span<const std::string> keys)
      : EachKeyRun(keys), values_(values), token_(values.server) {}

  [[nodiscard]] Step begin(std::int64_t now_us) override {
    auto step = token_.begin(now_us);
    return step ? std::move(*step) : ask();
  }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    if (token_.is_waiting()) {
      auto step = token_.on(std::move(answer), now_us);
      if (step) {
        return std::move(*step);
      }
      return token_.is_forbidden() ? missed(fail(FetchFault::not_found, "forbidden")) : ask();
    }
    return on_value(std::move(answer));
  }

 private:
  Step ask() override {
    return is_path_below(key().key)
               ? token_.call("GET", values_.mount + "/data/" + in_paths(key().key))
               : missed(fail(FetchFault::not_found, "no_path"));
  }

  Step on_value(Answer answer) {
    auto* call = std::get_if<CallAnswer>(&answer);
    if (call != nullptr && call->status == 403) {
      return token_.doubt();
    }
    if (call != nullptr && call->status == 404) {
      return missed(fail(FetchFault::not_found, is_deleted(*call) ? "deleted" : "not_found"));
    }
    if (call != nullptr && call->status >= 300) {
      return missed(hashicorp::fail_of_answer(*call));
    }
    const auto read = read_success(answer);
    if (const auto* failed = std::get_if<Failed>(&read)) {
      return missed(*failed);
    }
    const JsonView data = std::get<JsonText>(read).root().member("data");
    const auto version = data.find("/metadata/version").integer();
    if (!data.member("data").is(JsonKind::object) || !version) {
      return missed(fail(FetchFault::bad_answer, "malformed"));
    }
    return brought_fields(
        [&](std::string_view field) { return value_in(data.member("data"), field); },
        std::to_string(*version));
  }

  // A 404 of a version that was deleted says so.
  static bool is_deleted(CallAnswer& answer) {
    const auto json = JsonText::read(std::move(answer.body));
    return json && json->root().find("/data/metadata/version").is(JsonKind::number);
  }

  static std::variant<Secret, Failed> value_in(JsonView fields, std::string_view field) {
    if (!field.empty()) {
      return picked(fields, field);
    }
    JsonItems members(fields);
    if (!members.next()) {
      return fail(FetchFault::not_found, "no_such_field");
    }
    auto name = members.name().text();
    if (!name) {
      return fail_of(name.error());
    }
    if (members.next()) {
      return fail(FetchFault::bad_answer, "several_fields");
    }
    return picked(fields, name->reveal());
  }

  KeyValues& values_;
  TokenSteps token_;
};

// The names at the top of the mount; folders are none.
class NamesRun final : public Run {
 public:
  explicit NamesRun(KeyValues& values) : values_(values), token_(values.server) {}

  [[nodiscard]] Step begin(std::int64_t now_us) override {
    auto step = token_.begin(now_us);
    return step ? std::move(*step) : ask();
  }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    if (token_.is_waiting()) {
      auto step = token_.on(std::move(answer), now_us);
      if (step) {
        return std::move(*step);
      }
      return token_.is_forbidden() ? fail(FetchFault::not_found, "forbidden") : ask();
    }
    const auto* call = std::get_if<CallAnswer>(&answer);
    if (call != nullptr && call->status == 403) {
      return token_.doubt();
    }
    if (call != nullptr && call->status == 404) {
      return Done{};  // an empty mount
    }
    if (call != nullptr && call->status >= 300) {
      return hashicorp::fail_of_answer(*call);
    }
    const auto read = read_success(answer);
    if (const auto* failed = std::get_if<Failed>(&read)) {
      return *failed;
    }
    const JsonView keys = std::get<JsonText>(read).root().find("/data/keys");
    if (!keys.is(JsonKind::array)) {
      return fail(FetchFault::bad_answer, "malformed");
    }
    Done done;
    JsonItems names(keys);
    while (names.next()) {
      auto name = names.value().plain_text(base::bounds::kSourceKeyBytesMax);
      if (name && !name->ends_with('/')) {
        done.values.push_back({std::move(*name), Secret{}, "", std::nullopt});
      }
    }
    return done;
  }

 private:
  Step ask() { return token_.call("GET", values_.mount + "/metadata/?list=true"); }

  KeyValues& values_;
  TokenSteps token_;
};

class HashicorpVault final : public Backend {
 public:
  explicit HashicorpVault(const SourceSpec& spec) : values_(spec) {}

  [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return std::make_unique<FetchRun>(values_, keys);
  }

  [[nodiscard]] std::unique_ptr<Run> log_in() override {
    return hashicorp::log_in_run(values_.server);
  }

  [[nodiscard]] std::int64_t login_due_us() const override { return values_.server.login_due_us(); }

  [[nodiscard]] std::int64_t login_ends_us() const override {
    return values_.server.login_ends_us();
  }

  [[nodiscard]] std::unique_ptr<Run> list() override { return std::make_unique<NamesRun>(values_); }

  [[nodiscard]] std::unique_ptr<Run> log_out() override {
    return hashicorp::log_out_run(values_.server);
  }

 private:
  KeyValues values_;
};

std::unique_ptr<Backend> make(const SourceSpec& spec) {
  return std::make_unique<HashicorpVault>(spec);
}

constexpr std::array kSettings = hashicorp::with_server_settings(std::array{
    SettingRule{.name = "mount", .check = check_words},
});

}  // namespace

extern const BackendKind kVaultKind;
constinit const BackendKind kVaultKind = {.name = "vault", .settings = kSettings, .make = make};

}  // namespace keyswap::vault
