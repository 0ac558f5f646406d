// SPDX-License-Identifier: Apache-2.0
#include "bindings/body_text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace keyswap::bindings {

namespace {

constexpr std::string_view kUpperHex = "0123456789ABCDEF";
constexpr unsigned char kSpace = 0x20;

base::Status put(base::ByteSink& out, std::string_view bytes) {
  return out.append(bytes) ? base::Status{}
                           : base::Error{base::Errc::limit_exceeded, "the credential is too long"};
}

// RFC 8259 section 7.
base::Status put_in_json(char c, base::ByteSink& out) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    const std::array<char, 2> escaped = {'\\', c};
    return put(out, {escaped.data(), escaped.size()});
  }
  if (byte < kSpace) {
    const std::array<char, 6> escaped = {
        '\\', 'u', '0', '0', kUpperHex[byte >> 4U], kUpperHex[byte & 0xFU]};
    return put(out, {escaped.data(), escaped.size()});
  }
  return put(out, {&c, 1});
}

// RFC 3986 section 2.3.
bool is_unreserved(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

base::Status put_in_form(char c, base::ByteSink& out) {
  if (is_unreserved(c)) {
    return put(out, {&c, 1});
  }
  const auto byte = static_cast<unsigned char>(c);
  const std::array<char, 3> escaped = {'%', kUpperHex[byte >> 4U], kUpperHex[byte & 0xFU]};
  return put(out, {escaped.data(), escaped.size()});
}

// XML 1.0 sections 2.2 and 2.4.
base::Status put_in_xml(char c, base::ByteSink& out) {
  switch (c) {
    case '&':
      return put(out, "&amp;");
    case '<':
      return put(out, "&lt;");
    case '>':
      return put(out, "&gt;");
    case '"':
      return put(out, "&quot;");
    case '\'':
      return put(out, "&apos;");
    case '\t':
    case '\n':
    case '\r':
      break;
    default:
      if (static_cast<unsigned char>(c) < kSpace) {
        return base::Error{base::Errc::invalid_input, "the credential cannot stand in XML"};
      }
  }
  return put(out, {&c, 1});
}

base::Status put_escaped(BodyText text, char c, base::ByteSink& out) {
  switch (text) {
    case BodyText::raw:
      return put(out, {&c, 1});
    case BodyText::json:
      return put_in_json(c, out);
    case BodyText::form:
      return put_in_form(c, out);
    case BodyText::xml:
      return put_in_xml(c, out);
  }
  KS_UNREACHABLE();
}

// Of a placeholder: no secret.
class StringSink final : public base::ByteSink {
 public:
  [[nodiscard]] bool append(std::string_view bytes) override {
    text.append(bytes);
    return true;
  }

  std::string text;
};

std::string escaped(BodyText text, std::string_view placeholder) {
  StringSink sink;
  for (const char c : placeholder) {
    // PHP's encoder, for one, escapes a slash.
    const bool is_slash = text == BodyText::json && c == '/';
    static_cast<void>(is_slash ? put(sink, "\\/") : put_escaped(text, c, sink));
  }
  return std::move(sink.text);
}

}  // namespace

std::string media_type_of(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) {
    type.remove_suffix(1);
  }
  return base::to_lower(type);
}

BodyText body_text_of(std::string_view media_type) {
  constexpr std::array<std::string_view, 7> kJson = {"application/json",
                                                     "text/json",
                                                     "application/x-ndjson",
                                                     "application/ndjson",
                                                     "application/jsonl",
                                                     "application/x-jsonlines",
                                                     "application/json-seq"};
  if (std::ranges::find(kJson, media_type) != kJson.end() || media_type.ends_with("+json")) {
    return BodyText::json;
  }
  if (media_type == "application/x-www-form-urlencoded") {
    return BodyText::form;
  }
  constexpr std::array<std::string_view, 3> kXml = {"application/xml", "text/xml", "text/html"};
  if (std::ranges::find(kXml, media_type) != kXml.end() || media_type.ends_with("+xml")) {
    return BodyText::xml;
  }
  return BodyText::raw;
}

base::Status write_in_body(BodyText text, std::string_view value, base::ByteSink& out) {
  if (text == BodyText::raw) {
    return put(out, value);
  }
  for (const char c : value) {
    KS_TRY(put_escaped(text, c, out));
  }
  return {};
}

std::vector<std::string> forms_in_body(BodyText text, std::string_view placeholder) {
  std::vector<std::string> forms = {std::string(placeholder)};
  if (auto other = escaped(text, placeholder); other != forms.front()) {
    forms.push_back(std::move(other));
  }
  return forms;
}

}  // namespace keyswap::bindings
