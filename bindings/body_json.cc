// SPDX-License-Identifier: Apache-2.0
#include "bindings/body_json.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "bindings/body_text.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/base/utf8.h"

namespace keyswap::bindings {

namespace {

base::Error no_good(base::Note why) {
  return {base::Errc::invalid_input, why};
}

std::string_view without_space(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const auto begin = std::min(text.find_first_not_of(kSpace), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

// Does a parameter of the field's value name another character set, or do so in a way that is not
// plain?
bool has_other_charset(std::string_view content_type) {
  const auto first = content_type.find(';');
  std::string_view rest =
      first == std::string_view::npos ? std::string_view() : content_type.substr(first + 1);
  while (!rest.empty()) {
    const auto end = std::min(rest.find(';'), rest.size());
    const auto parameter = base::to_lower(without_space(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (parameter.find("charset") != std::string::npos && parameter != "charset=utf-8" &&
        parameter != "charset=\"utf-8\"") {
      return true;
    }
  }
  return false;
}

// What Go's encoding/json, Java and others take for an ASCII letter when they ignore case: the long
// s, the sign of Kelvin, the i without its dot, and the I with one. All else above ASCII is one
// letter here: how that is folded and composed, every library decides for itself.
std::uint32_t letter_of(std::uint32_t code) {
  constexpr std::uint32_t kAboveAscii = 0x80;
  switch (code) {
    case 0x17F:
      return 's';
    case 0x212A:
      return 'k';
    case 0x130:
    case 0x131:
      return 'i';
    default:
      return code < kAboveAscii ? static_cast<std::uint32_t>(static_cast<unsigned char>(
                                      base::to_lower(static_cast<char>(code))))
                                : kAboveAscii;
  }
}

// Takes the next letter off the name; 0: it has none. What parts its words is none: protobuf's
// JSON takes `max_tokens` and `maxTokens` for the same.
std::uint32_t take_letter(std::string_view& name) {
  while (!name.empty()) {
    const auto character = base::read_utf8(name);
    const std::uint32_t code =
        character.bytes == 0 ? static_cast<unsigned char>(name.front()) : character.code;
    name.remove_prefix(std::max<std::size_t>(character.bytes, 1));
    if (code != '_' && code != '-') {
      return letter_of(code);
    }
  }
  return 0;
}

// Who looks for "form" or "multipart" in it reads no JSON.
bool is_plain_type(std::string_view media_type) {
  return media_type.find_first_of(" \t,\"\\") == std::string_view::npos &&
         media_type.find("form") == std::string_view::npos &&
         media_type.find("multipart") == std::string_view::npos;
}

}  // namespace

base::Result<std::string> read_body_type(const http::HeaderList& fields) {
  const auto* const type = fields.find("content-type");
  // CGI and its like read `Content_Type` as the same field.
  const auto count = std::count_if(fields.begin(), fields.end(), [](const http::Field& field) {
    return may_be_same_name(field.name, "content-type");
  });
  if (type == nullptr || count > 1) {
    return no_good("there is not just one Content-Type");
  }
  if (has_other_charset(type->value)) {
    return no_good("its Content-Type names a character set that is not UTF-8");
  }
  const bool is_coded = std::any_of(fields.begin(), fields.end(), [](const http::Field& field) {
    return may_be_same_name(field.name, "content-encoding") &&
           !base::equal_ignoring_case(field.value, "identity");
  });
  if (is_coded) {
    return no_good("the body is coded (Content-Encoding)");
  }
  auto media_type = media_type_of(type->value);
  if (!is_plain_type(media_type)) {
    return no_good("its Content-Type is none that a body under rules may have");
  }
  return media_type;
}

base::Result<JsonValue> read_body_json(std::string_view media_type, std::string_view body) {
  if (body_text_of(media_type) != BodyText::json) {
    return no_good("the body's Content-Type is not JSON");
  }
  JsonBounds bounds{base::bounds::kBodyJsonDepthMax, base::bounds::kSignedBodyBytesMax};
  bounds.allows_controls = true;
  auto value = read_json(body, bounds);
  if (!value) {
    return no_good("the body is no JSON that all servers read in one way");
  }
  return std::move(*value);
}

bool may_be_same_name(std::string_view a, std::string_view b) {
  for (;;) {
    const auto letter = take_letter(a);
    if (letter != take_letter(b)) {
      return false;
    }
    if (letter == 0) {
      return true;
    }
  }
}

base::Result<const JsonValue*> find_member(const JsonValue& object, std::string_view name) {
  const JsonValue* found = nullptr;
  for (std::size_t i = 0; i < object.names.size(); ++i) {
    if (object.names[i] == name) {
      found = &object.items[i];
    } else if (may_be_same_name(object.names[i], name)) {
      return no_good("a name in the body is nearly the one that is meant");
    }
  }
  return found;
}

}  // namespace keyswap::bindings
