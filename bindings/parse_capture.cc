// SPDX-License-Identifier: Apache-2.0
//
// `capture:` of a secret: where in which answers its value comes.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bounds.h"
#include "bindings/parse_sections.h"
#include "bindings/schemes.h"
#include "proxy/base/assert.h"
#include "proxy/base/bounds.h"
#include "proxy/http/grammar.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kClaimsReadable = "claims_readable";
constexpr std::string_view kExpires = "expires";
constexpr std::array<std::string_view, 11> kCaptureKeys = {"host",
                                                           "port",
                                                           "methods",
                                                           "paths",
                                                           "callers",
                                                           "json_pointer",
                                                           "form_field",
                                                           "header",
                                                           "cookie",
                                                           kClaimsReadable,
                                                           kExpires};
// In the order of the enumerators of Capture::From.
constexpr std::array<std::string_view, 4> kFromWords = {
    "json_pointer", "form_field", "header", "cookie"};

bool is_name_of_visible_ascii(std::string_view name) {
  return name.size() <= base::bounds::kBodyNameBytesMax &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
}

std::optional<JsonPointer> read_pointer_to_string(std::string_view text) {
  auto pointer = parse_json_pointer(text);
  const bool is_short = pointer && !pointer->empty() &&
                        pointer->size() <= base::bounds::kAnswerJsonDepthMax &&
                        std::ranges::all_of(*pointer, [](const std::string& name) {
                          return name.size() <= base::bounds::kBodyNameBytesMax;
                        });
  return is_short ? std::move(pointer) : std::nullopt;
}

// What is wrong with what the key says; "" nothing, and the capture has it.
std::string read_from(const std::string& text, Capture& capture) {
  switch (capture.from) {
    case Capture::From::json: {
      auto pointer = read_pointer_to_string(text);
      if (!pointer) {
        return "`json_pointer` must be a JSON pointer (RFC 6901) of 1 to 32 names";
      }
      capture.pointer = std::move(*pointer);
      return "";
    }
    case Capture::From::form:
      capture.name = text;
      return is_name_of_visible_ascii(text) ? "" : "`form_field` must be a name of visible ASCII";
    case Capture::From::header: {
      auto header = credential_header(text);
      capture.name = std::move(header.name);
      return capture.name == "set-cookie" ? "one of its cookies is named by `cookie`"
                                          : header.problem;
    }
    case Capture::From::cookie:
      capture.name = text;
      return text.size() <= base::bounds::kBodyNameBytesMax &&
                     http::grammar::all_are(text, http::grammar::kToken)
                 ? ""
                 : "`cookie` must be the name of a cookie";
  }
  KS_UNREACHABLE();
}

// False after an error.
bool parse_from(const YamlSection& section, ConfigIssues& issues, Capture& capture) {
  const YamlNode* said = nullptr;
  for (std::size_t i = 0; i < kFromWords.size(); ++i) {
    const auto* const node = section.find(kFromWords[i]);
    if (node == nullptr) {
      continue;
    }
    if (said != nullptr) {
      issues.error(node->place, "an entry of `capture` names one place in an answer");
      return false;
    }
    said = node;
    capture.from = static_cast<Capture::From>(i);
    const auto text = read_text(*node, kFromWords[i], issues);
    if (!text) {
      return false;
    }
    if (const auto problem = read_from(*text, capture); !problem.empty()) {
      issues.error(node->place, problem);
      return false;
    }
  }
  if (said == nullptr) {
    issues.error(section.place(),
                 "an entry of `capture` says where in the answer the value stands",
                 "by `json_pointer`, `form_field`, `header` or `cookie`");
  }
  return said != nullptr;
}

// Where the value's life stands, which is where the value does. False after an error.
bool parse_expires(const YamlNode& node, ConfigIssues& issues, Capture& capture) {
  const auto text = read_text(node, kExpires, issues);
  if (!text) {
    return false;
  }
  if (capture.from == Capture::From::json) {
    if (auto pointer = read_pointer_to_string(*text)) {
      capture.life_pointer = std::move(*pointer);
      return true;
    }
    issues.error(node.place,
                 "`expires` must be a JSON pointer (RFC 6901) of 1 to 32 names",
                 "to the number of seconds that the value is good for: /expires_in");
    return false;
  }
  if (capture.from == Capture::From::form && !text->empty() && is_name_of_visible_ascii(*text)) {
    capture.life_name = *text;
    return true;
  }
  issues.error(node.place,
               "`expires` is where the body says how long the value is good",
               "with `json_pointer` a JSON pointer, with `form_field` a name, else none");
  return false;
}

// All whom some binding of the secret serves; none: anyone.
std::vector<std::string> callers_of(const SecretRule& rule) {
  std::vector<std::string> callers;
  for (const Scope& scope : rule.scopes) {
    if (scope.callers.empty()) {
      return {};
    }
    for (const std::string& caller : scope.callers) {
      if (std::ranges::find(callers, caller) == callers.end()) {
        callers.push_back(caller);
      }
    }
  }
  return callers;
}

void parse_one_capture(const YamlNode& node, ParseContext& context, SecretRule& rule) {
  auto& issues = context.issues;
  const YamlSection section(node, "capture", kCaptureKeys, issues);
  if (!section.is_mapping()) {
    return;
  }
  Capture capture;
  const bool has_host =
      parse_where(section, section.require("host", issues), context, capture.where);
  if (section.require("paths", issues) == nullptr) {
    return;  // of any answer of a host, most say nothing of a login, and would be held all the same
  }
  if (const auto* const callers = section.find("callers")) {
    parse_scope_callers(*callers, context, capture.where);
  } else {
    capture.where.callers = callers_of(rule);  // who may not use an entry does not replace it
  }
  if (const auto* const flag = section.find(kClaimsReadable)) {
    capture.is_signature = read_flag(*flag, kClaimsReadable, issues).value_or(false);
  }
  if (!parse_from(section, issues, capture)) {
    return;
  }
  const auto* const expires = section.find(kExpires);
  if ((expires == nullptr || parse_expires(*expires, issues, capture)) && has_host) {
    rule.captures.push_back(std::move(capture));
  }
}

// Does some place of the rule swap its own entry in as text?
bool uses_own_entry(const SecretRule& rule) {
  return std::ranges::any_of(rule.places, [&](const SecretPlace& place) {
    const auto& needs = place.injection->needs();
    for (std::size_t i = 0; i < needs.size(); ++i) {
      if (needs[i] == rule.name && !place.injection->needs_private_key(i)) {
        return true;
      }
    }
    return false;
  });
}

// It comes into JSON, forms, headers and cookies, and must end nothing there.
void check_stand_in(const YamlNode& node, ConfigIssues& issues, const SecretRule& rule) {
  const std::string& placeholder = rule.placeholder;
  if (placeholder.empty()) {
    return;  // it was refused already
  }
  const bool is_plain = std::ranges::all_of(placeholder, [](char c) {
    return base::is_base64url(std::string_view(&c, 1)) || c == '.' || c == '~';
  });
  if (!is_plain) {
    issues.error(node.place,
                 "the placeholder of a secret with `capture` is of letters, digits, '-', '_', '.' "
                 "and '~'",
                 "answers get it in the value's place");
  }
  // One character more than whole bytes is no base64url.
  const bool is_signature = base::is_base64url(placeholder) && placeholder.size() % 4 != 1;
  if (!is_signature && std::ranges::any_of(rule.captures, &Capture::is_signature)) {
    issues.error(node.place,
                 "with `claims_readable` the placeholder stands for a JWT's signature: letters, "
                 "digits, '-' and '_', and not one more than a multiple of four",
                 "make it a character longer or shorter");
  }
}

}  // namespace

void parse_capture(const YamlNode& node, ParseContext& context, SecretRule& rule) {
  const auto* const list = read_list(node, "capture", context.issues);
  if (list == nullptr) {
    return;
  }
  if (list->size() > bounds::kCapturesMax) {
    context.issues.error(node.place, "`capture` has more than 8 entries");
    return;
  }
  for (const YamlNode& entry : *list) {
    parse_one_capture(entry, context, rule);
  }
  if (!rule.places.empty() && !uses_own_entry(rule)) {
    context.issues.error(node.place,
                         "`capture` keeps the entry of this secret's own name, and no place of the "
                         "secret needs that",
                         "it is for a secret whose value is swapped in as it is");
  }
  check_stand_in(node, context.issues, rule);
}

}  // namespace keyswap::bindings
