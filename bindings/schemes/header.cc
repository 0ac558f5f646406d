// SPDX-License-Identifier: Apache-2.0
//
// The scheme `header`: the credential is a `format` with one secret in it, or a `template` over the
// parts of `compose`. Where it goes, any placement says (bindings/placements).
#include <algorithm>
#include <array>
#include <utility>

#include "bindings/placement.h"
#include "bindings/scheme.h"
#include "bindings/template.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "header";

bool is_token_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

base::Status write_value(std::string_view value, base::ByteSink& out) {
  if (!out.append(value)) {
    return base::Error{base::Errc::limit_exceeded, "no room for the credential's value"};
  }
  return {};
}

class PlainInjection : public Injection {
 public:
  explicit PlainInjection(std::vector<vault::SecretName> needs) : needs_(std::move(needs)) {}

  [[nodiscard]] std::string_view scheme() const override { return kSchemeName; }

  [[nodiscard]] const std::vector<vault::SecretName>& needs() const override { return needs_; }

 private:
  std::vector<vault::SecretName> needs_;
};

// `pieces`: the texts around the secret, one more than it occurs.
class FormatInjection final : public PlainInjection {
 public:
  FormatInjection(vault::SecretName name, std::vector<std::string> pieces)
      : PlainInjection({std::move(name)}), pieces_(std::move(pieces)) {}

  [[nodiscard]] base::Status render(const RenderInput& input, base::ByteSink& out) const override {
    KS_ASSERT(input.secrets.size() == 1);
    const auto secret = input.secrets[0].reveal();
    if (secret.empty()) {
      return base::Error{base::Errc::invalid_input, "the secret is empty"};
    }
    KS_TRY(write_value(pieces_[0], out));
    for (std::size_t i = 1; i < pieces_.size(); ++i) {
      KS_TRY(write_value(secret, out));
      KS_TRY(write_value(pieces_[i], out));
    }
    return {};
  }

  [[nodiscard]] bool shows_secrets() const override { return true; }

 private:
  std::vector<std::string> pieces_;
};

class TemplateInjection final : public PlainInjection {
 public:
  TemplateInjection(std::vector<vault::SecretName> needs, Template text)
      : PlainInjection(std::move(needs)), template_(std::move(text)) {}

  [[nodiscard]] base::Status render(const RenderInput& input, base::ByteSink& out) const override {
    KS_ASSERT(input.secrets.size() == needs().size());
    std::vector<std::string_view> values;
    values.reserve(input.secrets.size());
    for (const auto& secret : input.secrets) {
      values.push_back(secret.reveal());
    }
    const auto value = template_.render(values, input.now_s);
    if (!value) {
      return value.error();
    }
    return write_value(value->reveal(), out);
  }

 private:
  Template template_;
};

// --- making one ---

struct Format {
  std::vector<std::string> pieces;
  std::vector<SchemeIssue> issues;
};

// Where "{name}" begins at `brace`, the name; else "".
std::string_view token_at(std::string_view format, std::size_t brace) {
  const auto rest = format.substr(brace + 1);
  const auto end = static_cast<std::size_t>(
      std::find_if_not(rest.begin(), rest.end(), is_token_byte) - rest.begin());
  return end < rest.size() && rest[end] == '}' ? rest.substr(0, end) : std::string_view{};
}

// "{secret}" and "{NAME}" stand for the secret; other braces are text.
Format parse_format(std::string_view format, const std::string& name) {
  Format result;
  result.pieces.emplace_back();
  for (std::size_t at = 0; at < format.size();) {
    const auto token = format[at] == '{' ? token_at(format, at) : std::string_view{};
    if (token.empty()) {
      result.pieces.back() += format[at++];
      continue;
    }
    if (token == "secret" || token == name) {
      result.pieces.emplace_back();
    } else {
      result.issues.push_back({"format",
                               at,
                               "`format` names something that is not this secret",
                               "write {secret} or {" + name +
                                   "}; to put several together, use "
                                   "`compose` and `template`"});
    }
    at += token.size() + 2;
  }
  if (result.pieces.size() == 1 && result.issues.empty()) {
    result.issues.push_back({"format",
                             0,
                             "`format` does not say where the secret goes",
                             "put {secret} where its value belongs, as in \"Bearer {secret}\""});
  }
  return result;
}

// Could the value stand in its place with a secret that is beyond doubt?
bool makes_value(const std::vector<std::string>& pieces, const Placement& place) {
  std::string sample = pieces[0];
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    sample += "x" + pieces[i];
  }
  return place.check(sample).has_value();
}

void make_format(const SchemeSetup& setup, MadeInjection& made) {
  auto format = parse_format(*setup.find("format"), setup.name.text());
  if (format.issues.empty() && setup.place != nullptr &&
      !makes_value(format.pieces, *setup.place)) {
    format.issues.push_back(
        {"format",
         0,
         "`format` does not make a " + std::string(setup.place->kind()) + " value",
         "no controls, no line breaks, and no space at either end"});
  }
  if (format.issues.empty()) {
    made.injection = std::make_unique<FormatInjection>(setup.name, std::move(format.pieces));
  }
  made.issues.insert(made.issues.end(), format.issues.begin(), format.issues.end());
}

void make_template(const SchemeSetup& setup, MadeInjection& made) {
  std::vector<std::string> aliases;
  std::vector<vault::SecretName> needs;
  for (const auto& part : *setup.compose) {
    aliases.push_back(part.alias);
    needs.push_back(part.name);
  }
  auto compiled = Template::compile(*setup.find("template"), aliases);
  if (const auto* const error = std::get_if<TemplateError>(&compiled)) {
    made.issues.push_back({"template",
                           error->offset,
                           "`template`: " + error->text,
                           "keyswap help bindings shows the language"});
    return;
  }
  auto& text = std::get<Template>(compiled);
  for (std::size_t i = 0; i < aliases.size(); ++i) {
    if (!text.uses(i)) {
      made.issues.push_back({"template",
                             0,
                             "`template` does not use '" + aliases[i] + "' of `compose`",
                             "",
                             /*is_warning=*/true});
    }
  }
  made.injection = std::make_unique<TemplateInjection>(std::move(needs), std::move(text));
}

// Where the placement says all that stands around the secret, the credential is the secret itself.
bool is_secret_itself(const SchemeSetup& setup) {
  return setup.place != nullptr && setup.place->kind() != kSchemeName && !setup.compose;
}

MadeInjection make_header(const SchemeSetup& setup) {
  MadeInjection made;
  const bool has_format = setup.find("format") != nullptr;
  const bool has_template = setup.find("template") != nullptr;
  if (!has_format && !has_template && is_secret_itself(setup)) {
    made.injection =
        std::make_unique<FormatInjection>(setup.name, std::vector<std::string>{"", ""});
    return made;
  }
  if (has_format == has_template) {
    made.issues.push_back(
        {"header",
         0,
         has_format ? "`format` and `template` exclude each other"
                    : "neither `format` nor `template` says what to write",
         "`format: \"Bearer {secret}\"` for one secret, `template` with `compose` for "
         "several"});
    return made;
  }
  if (has_template != setup.compose.has_value()) {
    made.issues.push_back({has_template ? "template" : "format",
                           0,
                           has_template ? "`template` needs `compose`, the list of its parts"
                                        : "`compose` needs `template`, not `format`",
                           ""});
    return made;
  }
  if (has_format) {
    make_format(setup, made);
  } else {
    make_template(setup, made);
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{"format", false, "its value, with {secret} or {NAME} where the secret goes"},
    SchemeParameter{"template", false, "its value as a template over `compose`"},
};

}  // namespace

extern const Scheme kHeaderScheme;
constinit const Scheme kHeaderScheme = {kSchemeName,
                                        "a text with the secret in it",
                                        kParameters,
                                        make_header,
                                        {},
                                        /*takes_any_place=*/true};

}  // namespace keyswap::bindings
