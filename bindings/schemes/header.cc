// SPDX-License-Identifier: Apache-2.0
//
// The scheme `header`: the whole value of a header becomes a `format` with one secret in it, or a
// `template` over the parts of `compose`.
#include <algorithm>
#include <array>
#include <utility>

#include "bindings/scheme.h"
#include "bindings/schemes.h"
#include "bindings/template.h"
#include "proxy/base/bounds.h"
#include "proxy/http/grammar.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "header";

bool is_token_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

bool is_white_space(char c) {
  return c == ' ' || c == '\t';
}

// Does it fit for a field as it stands (RFC 9110 section 5.5)? White space at its ends would be
// lost.
bool is_whole_field_value(std::string_view value) {
  return !value.empty() && http::is_field_value(value) && !is_white_space(value.front()) &&
         !is_white_space(value.back());
}

base::Error too_long() {
  return {base::Errc::limit_exceeded, "the credential's value is too long"};
}

base::Error not_a_value() {
  return {base::Errc::invalid_input, "the credential's value has controls, or space at an end"};
}

// I9: a value that could end its line never gets into a head, wherever it came from.
base::Status check_value(std::string_view value) {
  if (value.empty()) {
    return base::Error{base::Errc::invalid_input, "the credential's value is empty"};
  }
  if (value.size() > base::bounds::kRequestFieldBytesMax) {
    return too_long();
  }
  if (!is_whole_field_value(value)) {
    return not_a_value();
  }
  return {};
}

base::Status write_value(std::string_view value, base::ByteSink& out) {
  if (!out.append(value)) {
    return base::Error{base::Errc::limit_exceeded, "no room for the credential's value"};
  }
  return {};
}

class HeaderInjection : public Injection {
 public:
  HeaderInjection(std::string header, std::vector<vault::SecretName> needs)
      : header_(std::move(header)), needs_(std::move(needs)) {}

  [[nodiscard]] std::string_view scheme() const override { return kSchemeName; }

  [[nodiscard]] const std::string& header() const override { return header_; }

  [[nodiscard]] const std::vector<vault::SecretName>& needs() const override { return needs_; }

 private:
  std::string header_;
  std::vector<vault::SecretName> needs_;
};

// `pieces`: the texts around the secret, one more than it occurs.
class FormatInjection final : public HeaderInjection {
 public:
  FormatInjection(std::string header, vault::SecretName name, std::vector<std::string> pieces)
      : HeaderInjection(std::move(header), {std::move(name)}), pieces_(std::move(pieces)) {}

  [[nodiscard]] base::Status render(const RenderInput& input, base::ByteSink& out) const override {
    KS_ASSERT(input.secrets.size() == 1);
    const auto secret = input.secrets[0].reveal();
    if (secret.empty()) {
      return base::Error{base::Errc::invalid_input, "the secret is empty"};
    }
    KS_TRY(check(secret));
    KS_TRY(write_value(pieces_[0], out));
    for (std::size_t i = 1; i < pieces_.size(); ++i) {
      KS_TRY(write_value(secret, out));
      KS_TRY(write_value(pieces_[i], out));
    }
    return {};
  }

 private:
  // The whole value, seen before it is put together: it is whole nowhere but in `out`.
  [[nodiscard]] base::Status check(std::string_view secret) const {
    std::size_t size = secret.size() * (pieces_.size() - 1);
    for (const auto& piece : pieces_) {
      KS_TRY(check_inner(piece));
      size += piece.size();
    }
    if (size > base::bounds::kRequestFieldBytesMax) {
      return too_long();
    }
    KS_TRY(check_inner(secret));
    const char first = pieces_.front().empty() ? secret.front() : pieces_.front().front();
    const char last = pieces_.back().empty() ? secret.back() : pieces_.back().back();
    return is_white_space(first) || is_white_space(last) ? not_a_value() : base::Status{};
  }

  // White space is no matter inside: "Bearer " is a piece.
  static base::Status check_inner(std::string_view part) {
    return http::grammar::is_field_text(part) ? base::Status{} : not_a_value();
  }

  std::vector<std::string> pieces_;
};

class TemplateInjection final : public HeaderInjection {
 public:
  TemplateInjection(std::string header, std::vector<vault::SecretName> needs, Template text)
      : HeaderInjection(std::move(header), std::move(needs)), template_(std::move(text)) {}

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
    KS_TRY(check_value(value->reveal()));
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

// Would the value still be one with a secret that is beyond doubt?
bool makes_field_value(const std::vector<std::string>& pieces) {
  std::string sample = pieces[0];
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    sample += "x" + pieces[i];
  }
  return sample.size() <= base::bounds::kRequestFieldBytesMax && is_whole_field_value(sample);
}

void make_format(const SchemeSetup& setup, std::string header, MadeInjection& made) {
  auto format = parse_format(*setup.find("format"), setup.name.text());
  if (format.issues.empty() && !makes_field_value(format.pieces)) {
    format.issues.push_back({"format",
                             0,
                             "`format` does not make a header value",
                             "no controls, no line breaks, and no space at either end"});
  }
  if (format.issues.empty() && !header.empty()) {
    made.injection =
        std::make_unique<FormatInjection>(std::move(header), setup.name, std::move(format.pieces));
  }
  made.issues.insert(made.issues.end(), format.issues.begin(), format.issues.end());
}

void make_template(const SchemeSetup& setup, std::string header, MadeInjection& made) {
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
                           "docs/bindings.md has the language"});
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
  if (!header.empty()) {
    made.injection =
        std::make_unique<TemplateInjection>(std::move(header), std::move(needs), std::move(text));
  }
}

MadeInjection make_header(const SchemeSetup& setup) {
  MadeInjection made;
  auto header = credential_header(*setup.find("header"));
  if (!header.problem.empty()) {
    made.issues.push_back({"header", 0, header.problem, ""});
  }
  const bool has_format = setup.find("format") != nullptr;
  const bool has_template = setup.find("template") != nullptr;
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
    make_format(setup, std::move(header.name), made);
  } else {
    make_template(setup, std::move(header.name), made);
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{"header", true, "the header whose whole value is replaced"},
    SchemeParameter{"format", false, "its value, with {secret} or {NAME} where the secret goes"},
    SchemeParameter{"template", false, "its value as a template over `compose`"},
};

}  // namespace

extern const Scheme kHeaderScheme;
constinit const Scheme kHeaderScheme = {
    kSchemeName, "the whole value of a header", kParameters, make_header};

}  // namespace keyswap::bindings
