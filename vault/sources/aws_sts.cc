// SPDX-License-Identifier: Apache-2.0
//
// AWS Security Token Service: a role's credentials, good for an hour or so. A key is the role's
// ARN, and its fields are AccessKeyId, SecretAccessKey and SessionToken, which belong together.
// So one answer serves all three until another replaces it: a request does not get parts of two.
// It is replaced ahead of its end, and serves until then while STS cannot be asked for another.
// Source: the AWS Security Token Service API reference, "AssumeRole", "AssumeRoleWithWebIdentity".
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/json.h"
#include "vault/sources/aws_call.h"
#include "vault/sources/each_key_run.h"
#include "vault/sources/kinds.h"
#include "vault/sources/rfc3339.h"
#include "vault/sources/xml_text.h"

namespace keyswap::vault {

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kAheadS = 300;  // so long before its end a role is asked for anew
constexpr std::size_t kRolesMax = 100;
constexpr std::size_t kArnBytesMax = 2048;
constexpr std::string_view kFormType = "application/x-www-form-urlencoded; charset=utf-8";

struct Role {
  aws::Pair pair;
  std::int64_t ask_anew_s = 0;
  std::int64_t ends_s = 0;  // as STS says it
};

// What a role is assumed with may be narrowed by so many policies of the account (PolicyArns).
constexpr auto kPolicyArnNames = std::to_array<std::string_view>({"PolicyArns.member.1.arn",
                                                                  "PolicyArns.member.2.arn",
                                                                  "PolicyArns.member.3.arn",
                                                                  "PolicyArns.member.4.arn",
                                                                  "PolicyArns.member.5.arn",
                                                                  "PolicyArns.member.6.arn",
                                                                  "PolicyArns.member.7.arn",
                                                                  "PolicyArns.member.8.arn",
                                                                  "PolicyArns.member.9.arn",
                                                                  "PolicyArns.member.10.arn"});

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    lines.emplace_back(line);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return lines;
}

struct Service {
  explicit Service(const SourceSpec& spec)
      : pair(aws::pair_place(spec)),
        web_identity(setting_text(spec, "web_identity_token")),
        region(setting_text(spec, "region")),
        session_name(setting_text(spec, "session_name")),
        duration(setting_text(spec, "duration_seconds")),
        external_id(setting_text(spec, "external_id")),
        policy(setting_text(spec, "policy")),
        policy_arns(lines_of(setting_text(spec, "policy_arns"))) {
    session_name = session_name.empty() ? "keyswap" : session_name;
    duration = duration.empty() ? "3600" : duration;
  }

  aws::PairPlace pair;
  std::string web_identity;  // where it is; "" the pair is taken
  std::string region;
  std::string session_name;
  std::string duration;
  std::string external_id;
  std::string policy;                              // JSON; "" the role's own alone
  std::vector<std::string> policy_arns;            // likewise
  std::map<std::string, Role, std::less<>> roles;  // by ARN
  std::uint64_t generation = 0;                    // so often they were forgotten
};

bool is_arn(std::string_view text) {
  return text.starts_with("arn:") && text.size() <= kArnBytesMax &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

struct ErrorCode {
  std::string_view code;
  FetchFault fault;
  std::string_view outcome;
};

constexpr std::array kErrors = {
    ErrorCode{"AccessDenied", FetchFault::not_found, "forbidden"},
    ErrorCode{"ExpiredToken", FetchFault::auth_lost, "expired_token"},
    ErrorCode{"ExpiredTokenException", FetchFault::auth_lost, "expired_token"},
    ErrorCode{"InvalidClientTokenId", FetchFault::auth_lost, "unauthorized"},
    ErrorCode{"SignatureDoesNotMatch", FetchFault::auth_lost, "unauthorized"},
    ErrorCode{"InvalidIdentityToken", FetchFault::auth_lost, "unauthorized"},
    ErrorCode{"IDPRejectedClaim", FetchFault::auth_lost, "unauthorized"},
    ErrorCode{"RegionDisabledException", FetchFault::unavailable, "region_disabled"},
    ErrorCode{"Throttling", FetchFault::unavailable, "rate_limited"},
};

Failed fail_of_answer(const CallAnswer& answer, std::int64_t now_us) {
  Failed failed = fail_of_status(answer);
  const auto code = xml_text(answer.body.reveal(), "/ErrorResponse/Error/Code");
  if (auto of_clock = code ? aws::fail_of_time(*code, answer, now_us) : std::nullopt) {
    return *std::move(of_clock);
  }
  const auto* const known =
      code ? std::ranges::find(kErrors, *code, &ErrorCode::code) : kErrors.end();
  if (known != kErrors.end()) {
    failed.fault = known->fault;
    failed.outcome = known->outcome;
  }
  return failed;
}

class FetchRun final : public EachKeyRun {
 public:
  FetchRun(Service& service, std::span<const std::string> keys)
      : EachKeyRun(keys), service_(service), pair_(service.pair) {}

  [[nodiscard]] Step begin(std::int64_t now_us) override {
    now_us_ = now_us;
    return ask();
  }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    now_us_ = now_us;
    switch (waits_) {
      case Waits::pair: {
        auto step = pair_.on(answer);
        return step ? std::move(*step) : call_signed();
      }
      case Waits::web_identity:
        return call_with_token(std::move(answer));
      case Waits::role:
        break;
    }
    return on_role(std::move(answer));
  }

 private:
  enum class Waits : std::uint8_t { pair, web_identity, role };

  Step ask() override {
    if (!is_arn(key().key)) {
      return missed(fail(FetchFault::not_found, "no_role"));
    }
    std::erase_if(service_.roles,
                  [&](const auto& one) { return one.second.ends_s <= now_us_ / kSecondUs; });
    const Role* const known = known_role();
    if (known != nullptr && now_us_ / kSecondUs < known->ask_anew_s) {
      return give(*known);
    }
    generation_ = service_.generation;
    // Read anew each time: both may be changed while we run, a token's file by others.
    if (!service_.web_identity.empty()) {
      waits_ = Waits::web_identity;
      return read_own(service_.web_identity, true);
    }
    waits_ = Waits::pair;
    return pair_.begin();
  }

  // Null: there is none that is still good.
  [[nodiscard]] const Role* known_role() const {
    const auto found = service_.roles.find(key().key);
    return found == service_.roles.end() || found->second.ends_s <= now_us_ / kSecondUs
               ? nullptr
               : &found->second;
  }

  Step give(const Role& role) {
    const std::array<std::pair<std::string_view, const Secret*>, 3> fields = {{
        {"AccessKeyId", &role.pair.id},
        {"SecretAccessKey", &role.pair.secret},
        {"SessionToken", &role.pair.session_token},
    }};
    return brought_fields(
        [&](std::string_view field) -> std::variant<Secret, Failed> {
          const auto* const found =
              std::ranges::find(fields, field, &std::pair<std::string_view, const Secret*>::first);
          if (found == fields.end()) {
            return fail(FetchFault::not_found, "no_such_field");
          }
          return found->second->share();
        },
        "",
        role.ends_s);
  }

  // `last` is left out where it says nothing.
  [[nodiscard]] base::Result<Secret> body_of(std::string_view action, FormField last) const {
    std::vector<FormField> fields = {{"Action", action},
                                     {"Version", "2011-06-15"},
                                     {"RoleArn", key().key},
                                     {"RoleSessionName", service_.session_name},
                                     {"DurationSeconds", service_.duration}};
    if (!service_.policy.empty()) {
      fields.push_back({"Policy", service_.policy});
    }
    for (std::size_t i = 0; i < service_.policy_arns.size(); ++i) {
      fields.push_back({kPolicyArnNames.at(i), service_.policy_arns[i]});
    }
    if (!last.value.empty()) {
      fields.push_back(last);
    }
    return form_of(fields);
  }

  Step call_signed() {
    auto body = body_of("AssumeRole", {"ExternalId", service_.external_id});
    if (!body) {
      return fail_of(body.error());
    }
    auto call = aws::signed_call(
        pair_.pair(), {host(), service_.region, "sts", kFormType, "", std::move(*body)}, now_us_);
    if (!call) {
      return call.error().code == base::Errc::invalid_input
                 ? fail(FetchFault::auth_lost, "no_key_pair")
                 : fail_of(call.error());
    }
    action_ = "AssumeRole";
    waits_ = Waits::role;
    return std::move(*call);
  }

  // Not signed: the token is the proof.
  Step call_with_token(Answer answer) {
    const auto token = read_own_value(answer);
    if (const auto* failed = std::get_if<Failed>(&token)) {
      return *failed;
    }
    auto body = body_of("AssumeRoleWithWebIdentity",
                        {"WebIdentityToken", std::get<Secret>(token).reveal()});
    if (!body) {
      return fail_of(body.error());
    }
    Call call;
    call.method = "POST";
    call.url = "https://" + host() + "/";
    CallField& type = call.fields.emplace_back();
    type.name = "Content-Type";
    type.value = std::string(kFormType);
    call.body = std::move(*body);
    action_ = "AssumeRoleWithWebIdentity";
    waits_ = Waits::role;
    return call;
  }

  Step on_role(Answer answer) {
    if (const auto* error = std::get_if<base::Error>(&answer)) {
      return not_given(fail_of(*error));
    }
    const auto& call = std::get<CallAnswer>(answer);
    if (call.status < 200 || call.status >= 300) {
      return not_given(fail_of_answer(call, now_us_));
    }
    auto role = read_role(call.body.reveal());
    if (auto* failed = std::get_if<Failed>(&role)) {
      return missed(std::move(*failed));
    }
    const Role given = std::move(std::get<Role>(role));
    if (service_.generation == generation_) {
      keep_role(given);
    }
    return give(given);
  }

  // What STS gave before is good until its end, whether it can be asked meanwhile or not.
  Step not_given(Failed failed) {
    if (failed.fault == FetchFault::auth_lost) {
      service_.roles.clear();
    } else if (failed.fault == FetchFault::not_found) {
      service_.roles.erase(std::string(key().key));
    }
    const Role* const known = known_role();
    return failed.fault == FetchFault::unavailable && known != nullptr ? give(*known)
                                                                       : missed(std::move(failed));
  }

  void keep_role(const Role& role) {
    if (service_.roles.size() >= kRolesMax) {
      service_.roles.clear();
    }
    service_.roles.insert_or_assign(
        std::string(key().key),
        Role{{role.pair.id.share(), role.pair.secret.share(), role.pair.session_token.share()},
             role.ask_anew_s,
             role.ends_s});
  }

  [[nodiscard]] std::variant<Role, Failed> read_role(std::string_view xml) const {
    const std::string base = "/" + action_ + "Response/" + action_ + "Result/Credentials/";
    const auto id = xml_text(xml, base + "AccessKeyId");
    const auto secret = xml_text(xml, base + "SecretAccessKey");
    const auto token = xml_text(xml, base + "SessionToken");
    const auto end = xml_text(xml, base + "Expiration");
    const auto end_s = parse_rfc3339(end.value_or(""));
    if (!id || !secret || !token || !end_s || !is_token(*id) || !is_token(*secret) ||
        !is_token(*token)) {
      return fail(FetchFault::bad_answer, "malformed");
    }
    auto locked_id = Secret::copy_of(*id);
    auto locked_secret = Secret::copy_of(*secret);
    auto locked_token = Secret::copy_of(*token);
    if (!locked_id || !locked_secret || !locked_token) {
      return fail(FetchFault::no_room, "no_room");
    }
    const std::int64_t life_s = std::max<std::int64_t>(*end_s - now_us_ / kSecondUs, 0);
    return Role{{std::move(*locked_id), std::move(*locked_secret), std::move(*locked_token)},
                *end_s - std::min(kAheadS, life_s / 2),
                *end_s};
  }

  [[nodiscard]] std::string host() const { return aws::host_of("sts", service_.region); }

  Service& service_;
  aws::PairSteps pair_;
  Waits waits_ = Waits::pair;
  std::string action_;
  std::int64_t now_us_ = 0;
  std::uint64_t generation_ = 0;  // of the roles, when this one was asked for
};

class AwsSts final : public Backend {
 public:
  explicit AwsSts(const SourceSpec& spec) : service_(spec) {}

  [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return std::make_unique<FetchRun>(service_, keys);
  }

  [[nodiscard]] bool makes_values() const override { return true; }

  void forget() override {
    service_.roles.clear();
    ++service_.generation;
  }

 private:
  Service service_;
};

std::unique_ptr<Backend> make(const SourceSpec& spec) {
  return std::make_unique<AwsSts>(spec);
}

const char* check_duration(std::string_view text) {
  constexpr int kMin = 900;
  constexpr int kMax = 43'200;
  int seconds = 0;
  const auto* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, seconds);
  const bool is_one =
      read.ec == std::errc{} && read.ptr == end && seconds >= kMin && seconds <= kMax;
  return is_one ? nullptr : "a role is assumed for 900 to 43200 seconds";
}

const char* check_session_name(std::string_view text) {
  constexpr std::size_t kMin = 2;
  constexpr std::size_t kMax = 64;
  const bool is_one =
      text.size() >= kMin && text.size() <= kMax && std::ranges::all_of(text, [](char c) {
        return check_word({&c, 1}) == nullptr ||
               std::string_view("+=,.@").find(c) != std::string_view::npos;
      });
  return is_one ? nullptr : "2 to 64 letters, digits or '+=,.@-_' stand here";
}

// What STS takes at most of a policy in a request.
const char* check_policy(std::string_view text) {
  constexpr std::size_t kMost = 2048;
  constexpr bindings::JsonBounds kBounds = {.depth = 16, .items = kMost};
  const auto json = text.size() <= kMost ? bindings::read_json(text, kBounds) : std::nullopt;
  return json && json->kind == bindings::JsonValue::Kind::object
             ? nullptr
             : "a policy in JSON of at most 2048 bytes stands here";
}

const char* check_policy_arns(std::string_view text) {
  const auto arns = lines_of(text);
  return !arns.empty() && arns.size() <= kPolicyArnNames.size() &&
                 std::ranges::all_of(arns, [](const std::string& arn) { return is_arn(arn); })
             ? nullptr
             : "one to ten ARNs of policies stand here";
}

const char* check_together(const SourceSpec& spec) {
  const auto has = [&](std::string_view name) {
    return spec.setting(name) != nullptr;
  };
  const bool has_pair = has("access_key_id") && has("secret_access_key");
  if (!has_pair && !has("web_identity_token")) {
    return "a role is assumed with `access_key_id` and `secret_access_key`, or with a "
           "`web_identity_token`";
  }
  return has("web_identity_token") && has("external_id")
             ? "`external_id` is not for a `web_identity_token`"
             : nullptr;
}

constexpr std::array kSettings = {
    SettingRule{.name = "region", .is_required = true, .check = aws::check_region},
    SettingRule{.name = "access_key_id", .is_entry = true},
    SettingRule{.name = "secret_access_key", .is_entry = true},
    SettingRule{.name = "session_token", .is_entry = true},
    SettingRule{.name = "web_identity_token", .is_entry = true},
    SettingRule{.name = "session_name", .check = check_session_name},
    SettingRule{.name = "duration_seconds", .check = check_duration},
    SettingRule{.name = "external_id"},
    SettingRule{.name = "policy", .check = check_policy},
    SettingRule{.name = "policy_arns", .check = check_policy_arns, .is_list = true},
};

}  // namespace

extern const BackendKind kAwsStsKind;
constinit const BackendKind kAwsStsKind = {
    .name = "aws-sts", .settings = kSettings, .make = make, .check = check_together};

}  // namespace keyswap::vault
