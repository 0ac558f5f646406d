// SPDX-License-Identifier: Apache-2.0
//
// A program that prints a secret (docs/sources.md, "command"). Here is what it printed read; it is
// run by proxy/launcher, which is told a line of its table and not what to run.
//
// Forms: {"value", "expires_at"}; what AWS calls credential_process (docs.aws.amazon.com, "Sourcing
// credentials with an external process"); Kubernetes' ExecCredential (kubernetes.io, "client-go
// credential plugins"); else the text as it is.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "proxy/base/bounds.h"
#include "vault/json.h"
#include "vault/sources/kinds.h"
#include "vault/sources/rfc3339.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

namespace {

using base::Errc;

constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::size_t kTimeBytesMax = 64;
constexpr std::string_view kExitStatus = "exit_status";

Failed bad(const char* outcome) {
  return {FetchFault::bad_answer, outcome, 0};
}

Failed not_run(const base::Error& error) {
  if (error.code == Errc::limit_exceeded) {
    return bad("answer_too_large");
  }
  return {FetchFault::unavailable,
          error.code == Errc::permission  ? "not_permitted"
          : error.code == Errc::timed_out ? "timed_out"
                                          : "not_started",
          0};
}

// --- what it printed ---

struct Value {
  Secret secret;
  std::optional<std::int64_t> expires_at;
};

using Read = std::variant<Value, Failed>;

Read value_of(JsonView text, std::optional<std::int64_t> expires_at) {
  if (!text.is(JsonKind::string)) {
    return bad("malformed");
  }
  auto secret = text.text();
  if (!secret) {
    return secret.error().code == Errc::unavailable ? Failed{FetchFault::no_room, "no_room", 0}
                                                    : bad("malformed");
  }
  return Value{std::move(*secret), expires_at};
}

// A time, or nothing where there is none; false: it cannot be read.
bool read_time(JsonView time, std::optional<std::int64_t>& at) {
  if (time.is(JsonKind::none) || time.is(JsonKind::null)) {
    return true;
  }
  if (time.is(JsonKind::number)) {
    at = time.integer();
  } else if (const auto text = time.plain_text(kTimeBytesMax)) {
    at = parse_rfc3339(*text);
  }
  return at.has_value();
}

bool has_only(JsonView object, std::initializer_list<std::string_view> names) {
  for (JsonItems items(object); items.next();) {
    const bool is_known = std::ranges::any_of(
        names, [&](std::string_view name) { return items.name().is_text(name); });
    if (!is_known) {
      return false;
    }
  }
  return true;
}

// {"value", "expires_at"} and nothing else; where a field is asked for, any object that has it.
Read read_own_form(JsonView root, std::string_view field) {
  std::optional<std::int64_t> expires_at;
  if (field.empty() && !has_only(root, {"value", "expires_at"})) {
    return bad("unknown_key");
  }
  if (!read_time(root.member("expires_at"), expires_at)) {
    return bad("malformed");
  }
  return value_of(root.member(field.empty() ? "value" : field), expires_at);
}

// Which of the parts has to be said: there is no whole.
Read read_aws(JsonView root, std::string_view field) {
  constexpr std::array<std::string_view, 3> kFields = {
      "AccessKeyId", "SecretAccessKey", "SessionToken"};
  std::optional<std::int64_t> expires_at;
  const bool is_right = root.member("Version").integer() == 1 &&
                        std::ranges::find(kFields, field) != kFields.end() &&
                        read_time(root.member("Expiration"), expires_at);
  return is_right ? value_of(root.member(field), expires_at) : bad("malformed");
}

Read read_kubernetes(JsonView root, std::string_view field) {
  std::optional<std::int64_t> expires_at;
  const bool is_right = root.member("kind").is_text("ExecCredential") &&
                        (field.empty() || field == "token") &&
                        read_time(root.find("/status/expirationTimestamp"), expires_at);
  return is_right ? value_of(root.find("/status/token"), expires_at) : bad("malformed");
}

Read read_json(const JsonText& text, std::string_view field) {
  const JsonView root = text.root();
  if (!root.is(JsonKind::object)) {
    return bad("malformed");
  }
  if (!root.member("status").is(JsonKind::none)) {
    return read_kubernetes(root, field);
  }
  return root.member("Version").is(JsonKind::none) ? read_own_form(root, field)
                                                   : read_aws(root, field);
}

enum class Output : std::uint8_t { by_looks, text, json };

bool looks_like_json(const Secret& out) {
  const std::string_view bytes = out.reveal();
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && bytes[first] == '{';
}

Read read_output(const Secret& out, Output form, std::string_view field) {
  if (out.reveal().find_first_not_of("\r\n") == std::string_view::npos) {
    return bad("empty");
  }
  if (form == Output::text || (form == Output::by_looks && !looks_like_json(out))) {
    return field.empty() ? Read(Value{out.share(), std::nullopt}) : Read(bad("malformed"));
  }
  const auto text = JsonText::read(out.share());
  return text ? read_json(*text, field) : Read(bad("malformed"));
}

// --- the run ---

// A program runs once for each key, whatever is picked of what it prints. That one key's program
// failed is not in the way of the others.
class CommandRun final : public Run {
 public:
  CommandRun(std::span<const std::string> keys, Output form)
      : keys_(keys.begin(), keys.end()), form_(form) {
    std::ranges::sort(keys_);  // the fields of one key stand together
  }

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override { return ask(); }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    const std::string key(parts_of(keys_[at_]).key);
    for (; at_ < keys_.size() && parts_of(keys_[at_]).key == key; ++at_) {
      Read read = read_answer(answer, now_us / kUsPerSecond);
      if (auto* failed = std::get_if<Failed>(&read)) {
        done_.missed.push_back({keys_[at_], std::move(*failed)});
        continue;
      }
      auto& value = std::get<Value>(read);
      done_.values.push_back({keys_[at_], std::move(value.secret), "", value.expires_at});
    }
    if (at_ < keys_.size()) {
      return ask();
    }
    auto end = ended();
    return std::visit([](auto& one) { return Step(std::move(one)); }, end);
  }

  [[nodiscard]] RunOutcome cut_off(Failed why) override {
    for (; at_ < keys_.size(); ++at_) {
      done_.missed.push_back({keys_[at_], why});
    }
    return ended();
  }

 private:
  RunOutcome ended() {
    const auto never_run = std::ranges::find_if(done_.missed, &CommandRun::is_never_run);
    return done_.values.empty() && never_run != done_.missed.end()
               ? RunOutcome(std::move(never_run->failed))
               : RunOutcome(std::move(done_));
  }

  // It could not be started, or did not end: it fails whatever it is asked for. What it exits with
  // is said of one key.
  static bool is_never_run(const Missed& one) {
    return one.failed.fault == FetchFault::unavailable && one.failed.outcome != kExitStatus;
  }

  [[nodiscard]] Step ask() const { return RunCommand{std::string(parts_of(keys_[at_]).key)}; }

  [[nodiscard]] Read read_answer(const Answer& answer, std::int64_t now_s) const {
    if (const auto* error = std::get_if<base::Error>(&answer)) {
      return not_run(*error);
    }
    const auto& ended = std::get<CommandAnswer>(answer);
    if (ended.status != 0) {
      return Failed{FetchFault::unavailable, std::string(kExitStatus), 0};
    }
    Read read = read_output(ended.out, form_, parts_of(keys_[at_]).field);
    const auto* value = std::get_if<Value>(&read);
    if (value != nullptr && value->secret.size() == 0) {
      return bad("empty");
    }
    if (value != nullptr && value->expires_at && *value->expires_at <= now_s) {
      return bad("expired");
    }
    return read;
  }

  std::vector<std::string> keys_;
  Output form_;
  std::size_t at_ = 0;
  Done done_;
};

class Command final : public Backend {
 public:
  explicit Command(const SourceSpec& spec) {
    const std::string* const output = spec.setting("output");
    form_ = output == nullptr || *output == "auto" ? Output::by_looks
            : *output == "text"                    ? Output::text
                                                   : Output::json;
  }

  [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return std::make_unique<CommandRun>(keys, form_);
  }

 private:
  Output form_ = Output::by_looks;
};

std::unique_ptr<Backend> make(const SourceSpec& spec) {
  return std::make_unique<Command>(spec);
}

// --- its settings ---

const char* check_output(std::string_view text) {
  return text == "auto" || text == "text" || text == "json" ? nullptr
                                                            : "output is auto, text or json";
}

const char* check_timeout(std::string_view text) {
  constexpr std::int64_t kMsPerSecond = 1000;
  std::int64_t seconds = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool is_right = failed == std::errc() && end == text.data() + text.size() && seconds >= 1 &&
                        seconds <= base::bounds::kCommandMsMax / kMsPerSecond;
  return is_right ? nullptr : "timeout_seconds is a number from 1 to 60";
}

const char* check_environment(std::string_view text) {
  const bool is_right = std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '\n';
  });
  if (!is_right) {
    return "environment is a list of names of variables";
  }
  return text.find("KEYSWAP_") == std::string_view::npos
             ? nullptr
             : "what is keyswap's own is handed to no program";
}

constexpr std::array kSettings = {
    SettingRule{.name = "environment", .check = check_environment, .is_list = true},
    SettingRule{.name = "output", .check = check_output},
    SettingRule{.name = "timeout_seconds", .check = check_timeout},
};

}  // namespace

extern const BackendKind kCommandKind;
constinit const BackendKind kCommandKind = {.name = "command",
                                            .settings = kSettings,
                                            .wants_command = true,
                                            .is_remote = false,
                                            .make = make};

}  // namespace keyswap::vault
