// SPDX-License-Identifier: Apache-2.0
//
// Entries of the vault of this machine whose values are sealed once more, by the Transit engine of
// a HashiCorp Vault or OpenBao: "vault:v1:…". Without that nobody reads them, whoever has the file.
// What was sealed while Transit could not be had ("aes:…", AES-256-GCM under a key of our own) is
// opened here, and with `fallback: local` it is sealed by Transit again.
// Source: OpenBao's API documentation, "Transit secrets engine".
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bindings/signatures/aes.h"
#include "proxy/base/bytes.h"
#include "vault/sources/each_key_run.h"
#include "vault/sources/hashicorp_login.h"
#include "vault/sources/kinds.h"

namespace keyswap::vault {

namespace {

namespace aes = bindings::aes;
using hashicorp::Server;
using hashicorp::TokenSteps;

constexpr std::string_view kSealedPrefix = "vault:v";
constexpr std::string_view kLocalPrefix = "aes:";

struct Transit {
  explicit Transit(const SourceSpec& spec)
      : server(spec),
        mount(setting_text(spec, "mount")),
        key(setting_text(spec, "key")),
        local_key(setting_text(spec, "local_key")),
        seals_again(setting_text(spec, "fallback") == "local"),
        takes_plain(setting_text(spec, "plaintext") == "allow"),
        binds_name(setting_text(spec, "associated_data") == "name") {
    mount = mount.empty() ? "transit" : mount;
  }

  Server server;
  std::string mount;
  std::string key;
  std::string local_key;  // where it is; "" there is none
  bool seals_again;
  bool takes_plain;
  bool binds_name;
};

// 64 hex digits.
base::Result<Secret> read_local_key(std::string_view hex) {
  auto room = LockedBytes::of_size(aes::kKeyBytes);
  if (!room) {
    return room.error();
  }
  const auto size = base::decode_hex(hex, {room->data(), room->size()});
  if (!size || *size != aes::kKeyBytes) {
    return base::Error{base::Errc::invalid_input, "the local key is 64 hexadecimal digits"};
  }
  return Secret::adopt(std::move(*room), aes::kKeyBytes);
}

// "aes:iv:tag:sealed", each in hex. The order of the last two is not the same everywhere; the tag
// itself says which is meant.
base::Result<Secret> open_local(std::string_view text, const Secret& key) {
  text.remove_prefix(kLocalPrefix.size());
  std::array<std::string, 3> parts;
  for (std::string& part : parts) {
    const std::string_view hex = text.substr(0, text.find(':'));
    auto bytes = base::from_hex(hex);
    const bool is_last = &part == &parts.back();
    if (!bytes || (hex.size() == text.size()) != is_last) {
      return base::Error{base::Errc::invalid_input, "this was not sealed here"};
    }
    part = std::move(*bytes);
    text.remove_prefix(std::min(hex.size() + 1, text.size()));
  }
  auto opened = aes::open_gcm(
      key.reveal(), {.nonce = parts[0], .sealed = parts[2], .tag = parts[1], .associated = {}});
  return opened ? std::move(opened)
                : aes::open_gcm(
                      key.reveal(),
                      {.nonce = parts[0], .sealed = parts[1], .tag = parts[2], .associated = {}});
}

class FetchRun final : public EachKeyRun {
 public:
  FetchRun(Transit& transit, std::span<const std::string> keys)
      : EachKeyRun(keys), transit_(transit), token_(transit.server) {}

  [[nodiscard]] Step begin(std::int64_t now_us) override {
    now_us_ = now_us;
    return ask();
  }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    now_us_ = now_us;
    if (token_.is_waiting()) {
      return on_token(std::move(answer));
    }
    return (this->*next_)(std::move(answer));
  }

 private:
  using Next = Step (FetchRun::*)(Answer);

  Step ask() override {
    auto name = SecretName::parse(key().key);
    if (!name) {
      return missed(fail(FetchFault::not_found, "no_name"));
    }
    name_ = *name;
    opened_.reset();
    next_ = &FetchRun::on_row;
    return ReadEntry{name_};
  }

  Step on_row(Answer answer) {
    if (const auto* error = std::get_if<base::Error>(&answer)) {
      return missed(error->code == base::Errc::not_found ? fail(FetchFault::not_found, "not_found")
                                                         : fail_of(*error));
    }
    auto& entry = std::get<EntryAnswer>(answer);
    row_ = std::move(entry.value);
    version_ = std::move(entry.version);
    if (row_.reveal().starts_with(kSealedPrefix)) {
      return with_token();
    }
    if (row_.reveal().starts_with(kLocalPrefix)) {
      if (transit_.local_key.empty()) {
        return missed(fail(FetchFault::bad_answer, "no_local_key"));
      }
      next_ = &FetchRun::on_local_key;
      return read_own(transit_.local_key);
    }
    return transit_.takes_plain ? give(row_.share())
                                : missed(fail(FetchFault::bad_answer, "not_sealed"));
  }

  Step on_local_key(Answer answer) {
    const auto text = read_own_value(answer);
    if (const auto* failed = std::get_if<Failed>(&text)) {
      return *failed;
    }
    const auto key = read_local_key(std::get<Secret>(text).reveal());
    if (!key) {
      return key.error().code == base::Errc::unavailable
                 ? fail_of(key.error())
                 : fail(FetchFault::unavailable, "no_local_key");
    }
    auto opened = open_local(row_.reveal(), *key);
    if (!opened) {
      return missed(opened.error().code == base::Errc::unavailable
                        ? fail_of(opened.error())
                        : fail(FetchFault::bad_answer, "sealed_otherwise"));
    }
    if (!transit_.seals_again) {
      return give(*opened);
    }
    opened_ = std::move(*opened);
    return with_token();
  }

  Step with_token() {
    auto step = token_.begin(now_us_);
    return step ? std::move(*step) : ask_transit();
  }

  Step on_token(Answer answer) {
    auto step = token_.on(std::move(answer), now_us_);
    if (step) {
      return std::holds_alternative<Failed>(*step) && opened_ ? give_opened() : std::move(*step);
    }
    if (!token_.is_forbidden()) {
      return ask_transit();
    }
    return opened_ ? give_opened() : missed(fail(FetchFault::not_found, "forbidden"));
  }

  // What is opened is sealed, and what is sealed is opened.
  Step ask_transit() {
    auto body = opened_ ? plain_body() : sealed_body();
    if (!body) {
      return opened_ ? give_opened() : missed(fail_of(body.error()));
    }
    next_ = opened_ ? &FetchRun::on_sealed : &FetchRun::on_plain;
    Call call =
        token_.call("POST", transit_.mount + (opened_ ? "/encrypt/" : "/decrypt/") + transit_.key);
    call.fields.push_back({"Content-Type", "application/json"});
    call.body = std::move(*body);
    return call;
  }

  [[nodiscard]] base::Result<Secret> plain_body() const {
    const auto text = base64_of(opened_->reveal());
    return text ? joined({R"({"plaintext":")", text->reveal(), "\"", associated(), "}"})
                : text.error();
  }

  [[nodiscard]] base::Result<Secret> sealed_body() const {
    const auto text = json_string_of(row_.reveal());
    return text ? joined({R"({"ciphertext":)", text->reveal(), associated(), "}"}) : text.error();
  }

  // An entry's text cannot stand in for another's.
  [[nodiscard]] std::string associated() const {
    return transit_.binds_name ? R"(,"associated_data":")" + base::to_base64(name_.text()) + "\""
                               : std::string();
  }

  Step on_plain(Answer answer) {
    const auto* call = std::get_if<CallAnswer>(&answer);
    if (call != nullptr && call->status == 403) {
      return token_.doubt();
    }
    if (call != nullptr && call->status == 400) {
      return missed(fail(FetchFault::bad_answer, "sealed_otherwise"));
    }
    if (call != nullptr && call->status >= 300) {
      return missed(hashicorp::fail_of_answer(*call));
    }
    const auto read = read_success(answer);
    if (const auto* failed = std::get_if<Failed>(&read)) {
      return missed(*failed);
    }
    const auto text = std::get<JsonText>(read).root().find("/data/plaintext").text();
    auto plain = text ? decoded_base64(text->reveal()) : text.error();
    return plain ? give(*plain) : missed(fail_of(plain.error()));
  }

  // Whatever becomes of it, the value is there.
  Step on_sealed(Answer answer) {
    const auto* call = std::get_if<CallAnswer>(&answer);
    if (call != nullptr && call->status == 403) {
      return token_.doubt();
    }
    const auto read = read_success(answer);
    const auto* json = std::get_if<JsonText>(&read);
    if (json == nullptr) {
      return give_opened();
    }
    auto sealed = json->root().find("/data/ciphertext").text();
    if (!sealed || !is_token(sealed->reveal()) || !sealed->reveal().starts_with(kSealedPrefix)) {
      return give_opened();
    }
    next_ = &FetchRun::on_kept;
    return KeepEntry{name_, std::move(*sealed), version_};
  }

  Step on_kept(Answer /*answer*/) { return give_opened(); }

  Step give_opened() {
    const Secret value = std::move(*opened_);
    opened_.reset();
    return give(value);
  }

  Step give(const Secret& value) {
    const std::string version = version_;  // the next key's comes in its place
    return brought_fields([&](std::string_view field) { return picked(value.share(), field); },
                          version);
  }

  Transit& transit_;
  TokenSteps token_;
  Next next_ = nullptr;
  std::int64_t now_us_ = 0;
  SecretName name_;
  Secret row_;
  std::string version_;
  std::optional<Secret> opened_;  // of "aes:", to be sealed again
};

class TransitSource final : public Backend {
 public:
  explicit TransitSource(const SourceSpec& spec) : transit_(spec) {}

  [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return std::make_unique<FetchRun>(transit_, keys);
  }

  // Not before something sealed by Transit is asked for: what else there is needs none.
  [[nodiscard]] std::unique_ptr<Run> log_in() override {
    return hashicorp::log_in_run(transit_.server);
  }

  [[nodiscard]] std::int64_t login_due_us() const override {
    return transit_.server.session == nullptr ? INT64_MAX : transit_.server.login_due_us();
  }

  [[nodiscard]] std::int64_t login_ends_us() const override {
    return transit_.server.login_ends_us();
  }

  [[nodiscard]] std::unique_ptr<Run> log_out() override {
    return hashicorp::log_out_run(transit_.server);
  }

 private:
  Transit transit_;
};

std::unique_ptr<Backend> make(const SourceSpec& spec) {
  return std::make_unique<TransitSource>(spec);
}

const char* check_fallback(std::string_view text) {
  return text == "off" || text == "local" ? nullptr : "off or local stands here";
}

const char* check_plaintext(std::string_view text) {
  return text == "refuse" || text == "allow" ? nullptr : "refuse or allow stands here";
}

const char* check_associated(std::string_view text) {
  return text == "off" || text == "name" ? nullptr : "off or name stands here";
}

constexpr std::array kSettings = hashicorp::with_server_settings(std::array{
    SettingRule{.name = "mount", .check = check_words},
    SettingRule{.name = "key", .is_required = true, .check = check_word},
    SettingRule{.name = "local_key", .is_entry = true},
    SettingRule{.name = "fallback", .check = check_fallback},
    SettingRule{.name = "plaintext", .check = check_plaintext},
    SettingRule{.name = "associated_data", .check = check_associated},
});

}  // namespace

extern const BackendKind kTransitKind;
constinit const BackendKind kTransitKind = {.name = "transit", .settings = kSettings, .make = make};

}  // namespace keyswap::vault
