// SPDX-License-Identifier: Apache-2.0
//
// Entries of the vault of this machine whose values are sealed once more, by the Transit engine of
// a HashiCorp Vault or OpenBao: "vault:v1:…". Without that nobody reads them, whoever has the file.
// What was sealed while Transit could not be had ("aes:…", AES-256-GCM under a key of our own) is
// opened here, and with `fallback: local` it is sealed by Transit again. New values are sealed by
// Transit; with `fallback: local` here, while that cannot be reached.
// Source: OpenBao's API documentation, "Transit secrets engine".
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "vault/sources/each_key_run.h"
#include "vault/sources/hashicorp_login.h"
#include "vault/sources/kinds.h"
#include "vault/sources/transit_row.h"

namespace keyswap::vault {

namespace {

using hashicorp::Server;
using hashicorp::TokenSteps;
using transit::RowKind;

// Who waits for Transit has an entry that nothing else opens: it is told sooner than by others.
constexpr std::int64_t kTransitCallMs = base::bounds::kCallMs / 2;

struct Transit {
  explicit Transit(const SourceSpec& spec)
      : server(spec, kTransitCallMs),
        mount(setting_text(spec, "mount")),
        key(setting_text(spec, "key")),
        local_key(setting_text(spec, "local_key")),
        seals_again(setting_text(spec, "fallback") == "local"),
        takes_plain(setting_text(spec, "plaintext") == "allow"),
        seals_plain(setting_text(spec, "plaintext") == "seal"),
        binds_name(setting_text(spec, "associated_data") == "name") {
    mount = mount.empty() ? "transit" : mount;
  }

  Server server;
  std::string mount;
  std::string key;
  std::string local_key;  // where it is; "" there is none
  bool seals_again;
  bool takes_plain;
  bool seals_plain;
  bool binds_name;
};

// The ciphertext of an answer; nothing: it is none that can be kept.
std::optional<Secret> sealed_in(const JsonText& json) {
  auto sealed = json.root().find("/data/ciphertext").text();
  const bool is_one =
      sealed && is_token(sealed->reveal()) && !transit::key_version(sealed->reveal()).empty();
  return is_one ? std::optional(std::move(*sealed)) : std::nullopt;
}

// An entry's text cannot stand in for another's.
std::string associated(const Transit& transit, const SecretName& name) {
  return transit.binds_name ? R"(,"associated_data":")" + base::to_base64(name.text()) + "\""
                            : std::string();
}

base::Result<Secret> body_to_seal(const Transit& transit,
                                  const SecretName& name,
                                  std::string_view plain) {
  const auto text = base64_of(plain);
  return text ? joined({R"({"plaintext":")", text->reveal(), "\"", associated(transit, name), "}"})
              : text.error();
}

Call call_of(const Transit& transit, const TokenSteps& token, const char* verb, Secret body) {
  Call call = token.call("POST", transit.mount + "/" + verb + "/" + transit.key);
  call.fields.push_back({"Content-Type", "application/json"});
  call.body = std::move(body);
  return call;
}

// Nothing that somebody on this machine has to mend, its disk or the certificate that it trusts:
// that would be sealed here for good.
bool is_away(const Failed& failed) {
  static constexpr std::array<std::string_view, 4> kOurs = {
      "credential_missing", "not_permitted", "unavailable", "tls"};
  return failed.fault == FetchFault::unavailable &&
         std::ranges::find(kOurs, failed.outcome) == kOurs.end();
}

// Opens entries, or seals them anew.
class FetchRun final : public EachKeyRun {
 public:
  enum class For : std::uint8_t { fetching, sealing };

  FetchRun(Transit& transit, std::span<const std::string> keys, For what = For::fetching)
      : EachKeyRun(keys), transit_(transit), token_(transit.server), for_(what) {}

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
    switch (transit::row_kind(row_.reveal())) {
      case RowKind::by_transit:
        return with_token();
      case RowKind::by_ourselves:
        if (transit_.local_key.empty()) {
          return missed(fail(FetchFault::bad_answer, "no_local_key"));
        }
        next_ = &FetchRun::on_local_key;
        return read_own(transit_.local_key);
      case RowKind::plain:
        break;
    }
    if (for_ == For::sealing || transit_.seals_plain) {
      opened_ = row_.share();
      return with_token();
    }
    return transit_.takes_plain ? give(row_.share())
                                : missed(fail(FetchFault::bad_answer, "not_sealed"));
  }

  Step on_local_key(Answer answer) {
    const auto text = read_own_value(answer);
    if (const auto* failed = std::get_if<Failed>(&text)) {
      return *failed;
    }
    const auto key = transit::read_local_key(std::get<Secret>(text).reveal());
    if (!key) {
      return key.error().code == base::Errc::unavailable
                 ? fail_of(key.error())
                 : fail(FetchFault::unavailable, "no_local_key");
    }
    auto opened = transit::open_here(row_.reveal(), *key);
    if (!opened) {
      return missed(opened.error().code == base::Errc::unavailable
                        ? fail_of(opened.error())
                        : fail(FetchFault::bad_answer, "sealed_otherwise"));
    }
    if (for_ == For::fetching && !transit_.seals_again) {
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
      return std::holds_alternative<Failed>(*step) && gives_opened() ? give_opened()
                                                                     : std::move(*step);
    }
    return token_.is_forbidden() ? not_done(fail(FetchFault::not_found, "forbidden"))
                                 : ask_transit();
  }

  // What is opened is sealed, and what is sealed is opened; or, to seal it anew, wrapped anew,
  // which shows it to nobody. That knows no associated data (OpenBao, "Rewrap Data").
  Step ask_transit() {
    const bool rewraps = !opened_ && for_ == For::sealing && !transit_.binds_name;
    auto body = opened_ ? body_to_seal(transit_, name_, opened_->reveal()) : sealed_body(rewraps);
    if (!body) {
      return not_done(fail_of(body.error()));
    }
    next_ = opened_ || rewraps ? &FetchRun::on_sealed : &FetchRun::on_plain;
    return call_of(transit_,
                   token_,
                   opened_   ? "encrypt"
                   : rewraps ? "rewrap"
                             : "decrypt",
                   std::move(*body));
  }

  [[nodiscard]] base::Result<Secret> sealed_body(bool rewraps) const {
    const auto text = json_string_of(row_.reveal());
    const std::string more = rewraps ? "" : associated(transit_, name_);
    return text ? joined({R"({"ciphertext":)", text->reveal(), more, "}"}) : text.error();
  }

  Step on_plain(Answer answer) {
    auto read = read_transit(std::move(answer));
    if (auto* step = std::get_if<Step>(&read)) {
      return std::move(*step);
    }
    const auto text = std::get<JsonText>(read).root().find("/data/plaintext").text();
    auto plain = text ? decoded_base64(text->reveal()) : text.error();
    if (!plain) {
      return missed(fail_of(plain.error()));
    }
    if (for_ == For::fetching) {
      return give(*plain);
    }
    opened_ = std::move(*plain);
    return ask_transit();
  }

  // Whatever becomes of it, a value that is asked for is there.
  Step on_sealed(Answer answer) {
    auto read = read_transit(std::move(answer));
    if (auto* step = std::get_if<Step>(&read)) {
      return std::move(*step);
    }
    auto sealed = sealed_in(std::get<JsonText>(read));
    if (!sealed) {
      return not_done(fail(FetchFault::bad_answer, "malformed"));
    }
    if (transit::key_version(sealed->reveal()) == transit::key_version(row_.reveal())) {
      return done_with(kAsItWasWord);
    }
    next_ = &FetchRun::on_kept;
    return KeepEntry{name_, std::move(*sealed), version_};
  }

  Step on_kept(Answer answer) {
    const auto* kept = std::get_if<Kept>(&answer);
    if (for_ == For::fetching || (kept != nullptr && *kept == Kept::done)) {
      return done_with(kSealedWord);
    }
    return missed(kept != nullptr && *kept == Kept::conflict
                      ? fail(FetchFault::bad_answer, "entry_changed")
                      : fail(FetchFault::bad_answer, "entry_write_failed"));
  }

  // What Transit says; or what comes next, if it says no more.
  std::variant<JsonText, Step> read_transit(Answer answer) {
    const auto* call = std::get_if<CallAnswer>(&answer);
    if (call != nullptr && call->status == 403) {
      return token_.doubt();
    }
    if (call != nullptr && call->status == 400 && !opened_) {
      return not_done(fail(FetchFault::bad_answer, "sealed_otherwise"));
    }
    if (call != nullptr && call->status >= 300) {
      return not_done(hashicorp::fail_of_answer(*call));
    }
    auto read = read_success(answer);
    if (auto* failed = std::get_if<Failed>(&read)) {
      return not_done(std::move(*failed));
    }
    return std::move(std::get<JsonText>(read));
  }

  // It is there, whether it can be sealed or not, and sealing it is not what was asked for.
  [[nodiscard]] bool gives_opened() const { return opened_ && for_ == For::fetching; }

  Step not_done(Failed failed) {
    return gives_opened() ? give_opened() : missed(std::move(failed));
  }

  Step done_with(std::string_view word) {
    return for_ == For::fetching ? give_opened() : brought(Secret(), std::string(word));
  }

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
  For for_;
  Next next_ = nullptr;
  std::int64_t now_us_ = 0;
  SecretName name_;
  Secret row_;
  std::string version_;
  std::optional<Secret> opened_;  // of a row that is to be sealed (again)
};

// A value that comes in by hand. What somebody sealed elsewhere stays as it is.
class SealRun final : public Run {
 public:
  SealRun(Transit& transit, SecretName name, Secret value)
      : transit_(transit),
        token_(transit.server),
        name_(std::move(name)),
        value_(std::move(value)) {}

  [[nodiscard]] Step begin(std::int64_t now_us) override {
    if (transit::row_kind(value_.reveal()) != RowKind::plain) {
      return bring(std::move(value_), kAsItWasWord);
    }
    auto step = token_.begin(now_us);
    return step ? to_next(std::move(*step)) : ask();
  }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    if (is_sealing_here_) {
      return on_local_key(std::move(answer));
    }
    if (!token_.is_waiting()) {
      return on_sealed(std::move(answer));
    }
    auto step = token_.on(std::move(answer), now_us);
    if (step) {
      return to_next(std::move(*step));
    }
    return token_.is_forbidden() ? fail(FetchFault::not_found, "forbidden") : ask();
  }

 private:
  Step ask() {
    auto body = body_to_seal(transit_, name_, value_.reveal());
    return body ? Step(call_of(transit_, token_, "encrypt", std::move(*body)))
                : Step(fail_of(body.error()));
  }

  Step on_sealed(Answer answer) {
    const auto* call = std::get_if<CallAnswer>(&answer);
    if (call != nullptr && call->status == 403) {
      return token_.doubt();
    }
    if (call != nullptr && call->status >= 300) {
      return to_next(hashicorp::fail_of_answer(*call));
    }
    auto read = read_success(answer);
    if (auto* failed = std::get_if<Failed>(&read)) {
      return to_next(std::move(*failed));
    }
    auto sealed = sealed_in(std::get<JsonText>(read));
    return sealed ? bring(std::move(*sealed), kSealedWord)
                  : fail(FetchFault::bad_answer, "malformed");
  }

  // With `fallback: local` a Transit that is away is no reason to lose what somebody typed.
  Step to_next(Step step) {
    const auto* failed = std::get_if<Failed>(&step);
    if (failed == nullptr || !transit_.seals_again || !is_away(*failed)) {
      return step;
    }
    is_sealing_here_ = true;
    return read_own(transit_.local_key);
  }

  Step on_local_key(Answer answer) {
    const auto text = read_own_value(answer);
    if (const auto* failed = std::get_if<Failed>(&text)) {
      return *failed;
    }
    const auto key = transit::read_local_key(std::get<Secret>(text).reveal());
    auto sealed = key ? transit::seal_here(value_.reveal(), *key) : key.error();
    if (!sealed) {
      return sealed.error().code == base::Errc::invalid_input
                 ? fail(FetchFault::unavailable, "no_local_key")
                 : fail_of(sealed.error());
    }
    return bring(std::move(*sealed), kSealedHereWord);
  }

  Step bring(Secret sealed, std::string_view word) {
    Done done;
    done.is_listing = true;
    done.values.push_back({name_.text(), std::move(sealed), std::string(word), std::nullopt});
    return done;
  }

  Transit& transit_;
  TokenSteps token_;
  SecretName name_;
  Secret value_;
  bool is_sealing_here_ = false;
};

class TransitSource final : public Backend {
 public:
  explicit TransitSource(const SourceSpec& spec) : transit_(spec) {}

  [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return std::make_unique<FetchRun>(transit_, keys);
  }

  [[nodiscard]] std::unique_ptr<Run> seal(const SecretName& name, Secret value) override {
    return std::make_unique<SealRun>(transit_, name, std::move(value));
  }

  [[nodiscard]] std::unique_ptr<Run> seal_anew(std::span<const std::string> names) override {
    return std::make_unique<FetchRun>(transit_, names, FetchRun::For::sealing);
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
  return text == "refuse" || text == "allow" || text == "seal"
             ? nullptr
             : "refuse, allow or seal stands here";
}

const char* check_associated(std::string_view text) {
  return text == "off" || text == "name" ? nullptr : "off or name stands here";
}

const char* check_together(const SourceSpec& spec) {
  return setting_text(spec, "fallback") == "local" && spec.setting("local_key") == nullptr
             ? "`fallback: local` needs a `local_key` to seal with"
             : nullptr;
}

constexpr std::array kSettings = hashicorp::with_server_settings(std::array{
    SettingRule{.name = "mount", .check = check_words},
    SettingRule{.name = "key", .is_required = true, .check = check_word},
    SettingRule{.name = "local_key", .is_entry = true, .check_opener = transit::check_local_key},
    SettingRule{.name = "fallback", .check = check_fallback},
    SettingRule{.name = "plaintext", .check = check_plaintext},
    SettingRule{.name = "associated_data", .check = check_associated},
});

}  // namespace

extern const BackendKind kTransitKind;
constinit const BackendKind kTransitKind = {
    .name = kSealedKind, .settings = kSettings, .make = make, .check = check_together};

}  // namespace keyswap::vault
