// SPDX-License-Identifier: Apache-2.0
//
// AWS Secrets Manager: one GetSecretValue a key, signed with the pair that the source is opened
// with. A key is a name or an ARN, and may end in "#field" for a member of a JSON value. What a
// secret's tag or description says of where it may go comes with ListSecrets, without any value.
// Source: the AWS Secrets Manager API reference, "GetSecretValue", "ListSecrets" and "Common
// Errors"; of tags agent-vault-proxy, ADR-0038.
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "vault/note_mark.h"
#include "vault/sources/aws_call.h"
#include "vault/sources/each_key_run.h"
#include "vault/sources/kinds.h"

namespace keyswap::vault {

namespace {

constexpr std::size_t kVersionBytesMax = 64;
constexpr std::size_t kErrorBytesMax = 128;
constexpr std::size_t kNameBytesMax = 512;
// So many that an answer has room for them, each with as many tags as it may have.
constexpr std::string_view kSecretsAtOnce = "20";
constexpr int kPagesMax = 1000;

struct Place {
  explicit Place(const SourceSpec& spec)
      : pair(aws::pair_place(spec)),
        region(setting_text(spec, "region")),
        stage(setting_text(spec, "version_stage")) {}

  aws::PairPlace pair;
  std::string region;
  std::string stage;
};

struct ErrorType {
  std::string_view name;
  FetchFault fault;
  std::string_view outcome;
};

constexpr std::array kErrors = {
    ErrorType{"ResourceNotFoundException", FetchFault::not_found, "not_found"},
    ErrorType{"AccessDeniedException", FetchFault::not_found, "forbidden"},
    ErrorType{"DecryptionFailure", FetchFault::bad_answer, "decryption_failure"},
    ErrorType{"InvalidRequestException", FetchFault::not_found, "deleted"},
    ErrorType{"InvalidParameterException", FetchFault::not_found, "no_name"},
    ErrorType{"ValidationException", FetchFault::not_found, "no_name"},
    ErrorType{"ThrottlingException", FetchFault::unavailable, "rate_limited"},
    ErrorType{"Throttling", FetchFault::unavailable, "rate_limited"},
    ErrorType{"InternalServiceError", FetchFault::unavailable, "server_error"},
    ErrorType{"UnrecognizedClientException", FetchFault::auth_lost, "unauthorized"},
    ErrorType{"InvalidClientTokenId", FetchFault::auth_lost, "unauthorized"},
    ErrorType{"InvalidSignatureException", FetchFault::auth_lost, "unauthorized"},
    ErrorType{"IncompleteSignature", FetchFault::auth_lost, "unauthorized"},
    ErrorType{"MissingAuthenticationTokenException", FetchFault::auth_lost, "unauthorized"},
    ErrorType{"ExpiredTokenException", FetchFault::auth_lost, "expired_token"},
};

// "…#ResourceNotFoundException" or the name alone, of `__type`.
Failed fail_of_answer(CallAnswer& answer, std::int64_t now_us) {
  Failed failed = fail_of_status(answer);
  const auto json = JsonText::read(std::move(answer.body));
  const auto type = json ? json->root().member("__type").plain_text(kErrorBytesMax) : std::nullopt;
  if (!type) {
    return failed;
  }
  const std::string_view name = std::string_view(*type).substr(type->rfind('#') + 1);
  if (auto of_clock = aws::fail_of_time(name, answer, now_us)) {
    return *std::move(of_clock);
  }
  const auto* const known = std::ranges::find(kErrors, name, &ErrorType::name);
  if (known != kErrors.end()) {
    failed.fault = known->fault;
    failed.outcome = known->outcome;
  }
  return failed;
}

// A field that the bindings name comes before one that the key names.
KeyParts read_name(std::string_view text) {
  KeyParts parts = parts_of(text);
  const std::size_t at = parts.key.rfind('#');
  if (at != std::string_view::npos) {
    parts.field = parts.field.empty() ? parts.key.substr(at + 1) : parts.field;
    parts.key = parts.key.substr(0, at);
  }
  return parts;
}

Step call_of(const Place& place,
             const aws::Pair& pair,
             std::string_view target,
             Secret body,
             std::int64_t now_us) {
  auto call = aws::signed_call(pair,
                               {aws::host_of("secretsmanager", place.region),
                                place.region,
                                "secretsmanager",
                                "application/x-amz-json-1.1",
                                target,
                                std::move(body)},
                               now_us);
  if (!call) {
    return call.error().code == base::Errc::invalid_input
               ? fail(FetchFault::auth_lost, "no_key_pair")
               : fail_of(call.error());
  }
  return std::move(*call);
}

class FetchRun final : public EachKeyRun {
 public:
  FetchRun(const Place& place, std::span<const std::string> keys)
      : EachKeyRun(keys), place_(place), pair_(place.pair) {}

  [[nodiscard]] Step begin(std::int64_t now_us) override {
    now_us_ = now_us;
    return pair_.begin();
  }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    now_us_ = now_us;
    if (is_reading_pair_) {
      auto step = pair_.on(answer);
      is_reading_pair_ = step.has_value();
      return step ? std::move(*step) : ask();
    }
    return on_value(std::move(answer));
  }

 private:
  [[nodiscard]] KeyParts read_key(std::string_view text) const override { return read_name(text); }

  Step ask() override {
    auto id = json_string_of(key().key);
    if (!id) {
      return missed(fail_of(id.error()));
    }
    const std::string stage =
        place_.stage.empty() ? "" : ",\"VersionStage\":\"" + place_.stage + "\"";
    auto body = joined({"{\"SecretId\":", id->reveal(), stage, "}"});
    if (!body) {
      return missed(fail_of(body.error()));
    }
    return call_of(
        place_, pair_.pair(), "secretsmanager.GetSecretValue", std::move(*body), now_us_);
  }

  Step on_value(Answer answer) {
    auto* call = std::get_if<CallAnswer>(&answer);
    if (call != nullptr && call->status >= 300) {
      return missed(fail_of_answer(*call, now_us_));
    }
    const auto read = read_success(answer);
    if (const auto* failed = std::get_if<Failed>(&read)) {
      return missed(*failed);
    }
    const JsonView root = std::get<JsonText>(read).root();
    const auto value = value_in(root);
    if (!value) {
      return missed(fail_of(value.error()));
    }
    return brought_fields([&](std::string_view field) { return picked(value->share(), field); },
                          root.member("VersionId").plain_text(kVersionBytesMax).value_or(""));
  }

  static base::Result<Secret> value_in(JsonView root) {
    const JsonView binary = root.member("SecretBinary");
    if (!binary.is(JsonKind::string)) {
      return root.member("SecretString").text();
    }
    const auto text = binary.text();
    return text ? decoded_base64(text->reveal()) : text.error();
  }

  const Place& place_;
  aws::PairSteps pair_;
  bool is_reading_pair_ = true;
  std::int64_t now_us_ = 0;
};

// --- notes ---

// "" it has no tag of that name, or one that says nothing.
base::Result<Secret> tag_of(JsonView secret, std::string_view name) {
  JsonItems tags(secret.member("Tags"));
  while (tags.next()) {
    const JsonView said = tags.value().member("Value");  // it may be left out
    if (tags.value().member("Key").is_text(name) && said.is(JsonKind::string)) {
      auto value = said.text();
      const bool is_blank =
          value && value->reveal().find_first_not_of(" \t") == std::string_view::npos;
      return is_blank ? base::Result<Secret>(Secret()) : std::move(value);
    }
  }
  return Secret();
}

// As it would stand in a note; "" there is none. Two tags that say different things are one that
// cannot be used.
base::Result<Secret> note_of_tags(JsonView secret) {
  Secret said;
  for (const std::string_view name : kNoteTags) {
    auto tag = tag_of(secret, name);
    if (!tag) {
      return tag.error();
    }
    if (said.size() > 0 && tag->size() > 0 && said.reveal() != tag->reveal()) {
      return Secret::copy_of(kNoteMark);
    }
    if (tag->size() > 0) {
      said = std::move(*tag);
    }
  }
  return said.size() > 0 ? joined({kNoteMark, "\n", said.reveal()})
                         : base::Result<Secret>(std::move(said));
}

// A tag comes before the description, which has room for more, and needs the mark.
base::Result<Secret> note_of(JsonView secret) {
  auto note = note_of_tags(secret);
  if (note && note->size() == 0 && secret.member("Description").is(JsonKind::string)) {
    note = secret.member("Description").text();
  }
  return note ? kept_note(std::move(*note)) : std::move(note);
}

// Lists all secrets, page by page.
class NotesRun final : public Run {
 public:
  explicit NotesRun(const Place& place) : place_(place), pair_(place.pair) {
    done_.is_listing = true;
  }

  [[nodiscard]] Step begin(std::int64_t now_us) override {
    now_us_ = now_us;
    return pair_.begin();
  }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    now_us_ = now_us;
    if (is_reading_pair_) {
      auto step = pair_.on(answer);
      is_reading_pair_ = step.has_value();
      return step ? std::move(*step) : ask({});
    }
    return on_page(std::move(answer));
  }

 private:
  // `next`: what the page before said of this one, a JSON string; "" it is the first.
  Step ask(std::string_view next) {
    auto body = joined({"{\"MaxResults\":",
                        kSecretsAtOnce,
                        next.empty() ? std::string_view() : std::string_view(",\"NextToken\":"),
                        next,
                        "}"});
    return body ? call_of(
                      place_, pair_.pair(), "secretsmanager.ListSecrets", std::move(*body), now_us_)
                : fail_of(body.error());
  }

  Step on_page(Answer answer) {
    auto* call = std::get_if<CallAnswer>(&answer);
    if (call != nullptr && call->status >= 300) {
      return fail_of_answer(*call, now_us_);
    }
    const auto read = read_success(answer);
    if (const auto* failed = std::get_if<Failed>(&read)) {
      return *failed;
    }
    const JsonView root = std::get<JsonText>(read).root();
    const JsonView list = root.member("SecretList");
    if (!list.is(JsonKind::array)) {
      return fail(FetchFault::bad_answer, "malformed");
    }
    JsonItems items(list);
    while (items.next()) {
      if (auto failed = keep(items.value())) {
        return std::move(*failed);
      }
    }
    const JsonView next = root.member("NextToken");
    if (!next.is(JsonKind::string) || next.is_text("")) {
      return std::move(done_);
    }
    // I10: pages may be empty, and not for ever.
    return ++pages_ < kPagesMax ? ask(next.bytes())
                                : Step(fail(FetchFault::no_room, "notes_too_large"));
  }

  std::optional<Failed> keep(JsonView secret) {
    auto name = secret.member("Name").plain_text(kNameBytesMax);
    auto note = note_of(secret);
    if (!name || !note) {
      return name ? fail_of(note.error()) : fail(FetchFault::bad_answer, "malformed");
    }
    note_bytes_ += note->size();
    // I10: what does not fit is not kept.
    if (note_bytes_ > kNotesKeptBytesMax || done_.values.size() == kNotedSecretsMax) {
      return fail(FetchFault::no_room, "notes_too_large");
    }
    done_.values.push_back({std::move(*name), std::move(*note), "", std::nullopt});
    return std::nullopt;
  }

  const Place& place_;
  aws::PairSteps pair_;
  bool is_reading_pair_ = true;
  std::int64_t now_us_ = 0;
  std::size_t note_bytes_ = 0;
  int pages_ = 0;
  Done done_;
};

class AwsSecretsManager final : public Backend {
 public:
  explicit AwsSecretsManager(const SourceSpec& spec) : place_(spec) {}

  [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return std::make_unique<FetchRun>(place_, keys);
  }

  [[nodiscard]] std::string_view whole_of(std::string_view key) const override {
    return read_name(key).key;
  }

  [[nodiscard]] std::unique_ptr<Run> notes() override { return std::make_unique<NotesRun>(place_); }

 private:
  Place place_;
};

std::unique_ptr<Backend> make(const SourceSpec& spec) {
  return std::make_unique<AwsSecretsManager>(spec);
}

constexpr std::array kSettings = {
    SettingRule{.name = "region", .is_required = true, .check = aws::check_region},
    SettingRule{.name = "access_key_id", .is_required = true, .is_entry = true},
    SettingRule{.name = "secret_access_key", .is_required = true, .is_entry = true},
    SettingRule{.name = "session_token", .is_entry = true},
    SettingRule{.name = "version_stage", .check = check_word},
};

}  // namespace

extern const BackendKind kAwsSecretsManagerKind;
constinit const BackendKind kAwsSecretsManagerKind = {
    .name = "aws-secrets-manager", .settings = kSettings, .make = make, .has_notes = true};

}  // namespace keyswap::vault
