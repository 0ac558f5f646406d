// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/backend_parts.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "bindings/percent_text.h"
#include "bindings/signatures/sigv4.h"
#include "proxy/base/bytes.h"

namespace keyswap::vault {

namespace {

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

bool starts_with_loopback(std::string_view rest) {
  constexpr std::array<std::string_view, 2> kLoopback = {"127.0.0.1", "[::1]"};
  return std::ranges::any_of(kLoopback, [&](std::string_view host) {
    return rest.starts_with(host) &&
           (rest.size() == host.size() || rest[host.size()] == ':' || rest[host.size()] == '/');
  });
}

bool is_success(int status) {
  return status >= 200 && status < 300;
}

struct Told {
  base::Errc code;
  FetchFault fault;
  std::string_view outcome;
};

// What else fails, fails on this machine: a disk (io), a vault that is damaged (corrupt). Calls end
// with neither.
constexpr std::array kTold = {
    Told{base::Errc::network, FetchFault::unavailable, "network"},
    Told{base::Errc::closed, FetchFault::unavailable, "network"},
    Told{base::Errc::tls, FetchFault::unavailable, "tls"},
    Told{base::Errc::timed_out, FetchFault::unavailable, "timed_out"},
    Told{base::Errc::permission, FetchFault::unavailable, "not_permitted"},
    Told{base::Errc::not_found, FetchFault::unavailable, "credential_missing"},
    Told{base::Errc::unavailable, FetchFault::no_room, "no_room"},
    Told{base::Errc::limit_exceeded, FetchFault::bad_answer, "answer_too_large"},
    Told{base::Errc::invalid_input, FetchFault::bad_answer, "malformed"},
};

}  // namespace

std::string setting_text(const SourceSpec& spec, std::string_view name) {
  const std::string* text = spec.setting(name);
  return text == nullptr ? std::string() : *text;
}

Step read_own(std::string_view where, bool is_mounted) {
  if (where.starts_with('/') || where.starts_with("credential:")) {
    return ReadFile{std::string(where), is_mounted};
  }
  auto name = SecretName::parse(where);
  if (!name) {
    return fail(FetchFault::unavailable, "credential_missing");
  }
  return ReadEntry{std::move(*name)};
}

const char* check_base_url(std::string_view text) {
  constexpr std::string_view kSecure = "https://";
  constexpr std::string_view kPlain = "http://";
  const bool is_secure = text.starts_with(kSecure);
  if (!is_secure && !text.starts_with(kPlain)) {
    return "an address begins with https://";
  }
  const std::string_view rest = text.substr(is_secure ? kSecure.size() : kPlain.size());
  if (!is_secure && !starts_with_loopback(rest)) {
    return "http:// is for 127.0.0.1 and [::1] alone";
  }
  const bool is_plain = std::ranges::all_of(rest, [](char c) {
    return is_word_character(c) || c == ':' || c == '/' || c == '[' || c == ']' || c == '~';
  });
  if (rest.empty() || rest.starts_with('/') || rest.starts_with(':') || !is_plain) {
    return "an address is a host, maybe a port and a path: no user, no query, no escapes";
  }
  return nullptr;
}

const char* check_absolute_path(std::string_view text) {
  return text.starts_with('/') ? nullptr : "a path begins with a slash";
}

const char* check_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_word_character) && text != "." &&
                 text != ".."
             ? nullptr
             : "letters, digits, '.', '_' and '-' stand here";
}

const char* check_words(std::string_view text) {
  const char* why = check_word(text.substr(0, text.find('/')));
  while (why == nullptr && text.find('/') != std::string_view::npos) {
    text.remove_prefix(text.find('/') + 1);
    why = check_word(text.substr(0, text.find('/')));
  }
  return why;
}

Failed fail(FetchFault fault, std::string_view outcome) {
  Failed failed;
  failed.fault = fault;
  failed.outcome = outcome;
  return failed;
}

Failed fail_of(const base::Error& error) {
  const auto* const told =
      std::ranges::find_if(kTold, [&](const Told& one) { return one.code == error.code; });
  return told == kTold.end() ? fail(FetchFault::unavailable, "unavailable")
                             : fail(told->fault, told->outcome);
}

Failed fail_of_status(const CallAnswer& answer) {
  const int status = answer.status;
  if (status == 401) {
    return fail(FetchFault::auth_lost, "unauthorized");
  }
  if (status == 403) {
    return fail(FetchFault::not_found, "forbidden");
  }
  if (status == 404) {
    return fail(FetchFault::not_found, "not_found");
  }
  if (status == 408 || status == 429 || status >= 500) {
    Failed failed = fail(FetchFault::unavailable, status == 429 ? "rate_limited" : "server_error");
    failed.retry_after_ms = answer.retry_after_ms;
    return failed;
  }
  if (status >= 300 && status < 400) {
    return fail(FetchFault::bad_answer, "redirect");
  }
  return fail(FetchFault::bad_answer, "refused");
}

std::variant<JsonText, Failed> read_success(Answer& answer) {
  if (const auto* error = std::get_if<base::Error>(&answer)) {
    return fail_of(*error);
  }
  auto* call = std::get_if<CallAnswer>(&answer);
  KS_ASSERT(call != nullptr);
  if (!is_success(call->status)) {
    return fail_of_status(*call);
  }
  auto json = JsonText::read(std::move(call->body));
  if (!json) {
    return fail(FetchFault::bad_answer, "malformed");
  }
  return std::move(*json);
}

std::variant<Secret, Failed> read_own_value(Answer& answer) {
  if (const auto* error = std::get_if<base::Error>(&answer)) {
    return fail_of(*error);
  }
  auto* entry = std::get_if<EntryAnswer>(&answer);
  KS_ASSERT(entry != nullptr);
  std::string_view text = entry->value.reveal();
  // The last byte of a key in the vault may be one, too.
  const bool is_of_file = entry->version.empty();
  if (!is_of_file || !text.ends_with('\n')) {
    return std::move(entry->value);
  }
  text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
  auto line = Secret::copy_of(text);
  if (!line) {
    return fail_of(line.error());
  }
  return std::move(*line);
}

base::Result<Secret> joined(std::initializer_list<std::string_view> pieces) {
  return bindings::sigv4::locked_text({pieces.begin(), pieces.size()});
}

base::Result<Secret> bearer_of(std::string_view token) {
  if (!is_token(token)) {
    return base::Error{base::Errc::invalid_input, "a token is printable ASCII without spaces"};
  }
  return joined({"Bearer ", token});
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

base::Result<Secret> form_of(std::span<const FormField> fields) {
  constexpr std::size_t kEscapeBytes = 3;
  std::size_t size = 0;
  for (const FormField& field : fields) {
    size += field.name.size() + field.value.size() * kEscapeBytes + 2;
  }
  auto form = LockedBuffer::of_capacity(size);
  if (!form) {
    return form.error();
  }
  std::string_view separator;
  for (const FormField& field : fields) {
    const bool fits = form->append(separator) && form->append(field.name) && form->append("=");
    KS_ASSERT(fits);
    KS_TRY(bindings::append_percent(field.value, bindings::UrlPart::parameter, *form));
    separator = "&";
  }
  return Secret::copy_of(form->reveal());
}

base::Result<Secret> json_string_of(std::string_view text) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  constexpr std::size_t kEscapeBytes = 6;
  auto out = LockedBuffer::of_capacity(text.size() * kEscapeBytes + 2);
  if (!out) {
    return out.error();
  }
  bool fits = out->append("\"");
  for (const char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      const std::array<char, 2> digits = {kHexDigits[byte >> 4U], kHexDigits[byte & 15U]};
      fits = fits && out->append("\\u00") && out->append({digits.data(), digits.size()});
    } else {
      fits = fits && ((c != '"' && c != '\\') || out->append("\\")) && out->append({&c, 1});
    }
  }
  fits = fits && out->append("\"");
  KS_ASSERT(fits);
  return Secret::copy_of(out->reveal());
}

base::Result<Secret> base64_of(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t size = (bytes.size() + 2) / 3 * 4;
  auto room = LockedBytes::of_size(size);
  if (!room) {
    return room.error();
  }
  char* out = room->data();
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8U | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      *out++ = i <= group.size() ? kDigits[bits >> (18U - 6U * i) & 63U] : '=';
    }
  }
  return Secret::adopt(std::move(*room), size);
}

base::Result<Secret> decoded_base64(std::string_view text) {
  auto room = LockedBytes::of_size(text.size());
  if (!room) {
    return room.error();
  }
  const auto size = base::decode_base64(text, {room->data(), room->size()});
  if (!size) {
    return size.error();
  }
  return Secret::adopt(std::move(*room), *size);
}

bool is_path_below(std::string_view path) {
  for (bool is_last = false; !is_last;) {
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment.empty() || segment == "." || segment == "..") {
      return false;
    }
    is_last = segment.size() == path.size();
    path.remove_prefix(is_last ? 0 : segment.size() + 1);
  }
  return true;
}

std::string in_path(std::string_view text) {
  return bindings::percent_encoded(text, bindings::UrlPart::parameter);
}

std::string in_paths(std::string_view text) {
  std::string path;
  while (!text.empty()) {
    const std::string_view segment = text.substr(0, text.find('/'));
    path += in_path(segment);
    text.remove_prefix(segment.size());
    if (!text.empty()) {
      path += '/';
      text.remove_prefix(1);
    }
  }
  return path;
}

std::variant<Secret, Failed> picked(Secret value, std::string_view field) {
  if (field.empty()) {
    return value;
  }
  const auto json = JsonText::read(std::move(value));
  if (!json || !json->root().is(JsonKind::object)) {
    return fail(FetchFault::bad_answer, "no_fields");
  }
  return picked(json->root(), field);
}

std::variant<Secret, Failed> picked(JsonView object, std::string_view field) {
  const JsonView member = object.member(field);
  base::Result<Secret> value = base::Error{base::Errc::not_found, "no such field"};
  switch (member.kind()) {
    case JsonKind::string:
      value = member.text();
      break;
    case JsonKind::number:
    case JsonKind::boolean:
      value = Secret::copy_of(member.bytes());
      break;
    case JsonKind::none:
      return fail(FetchFault::not_found, "no_such_field");
    case JsonKind::null:
    case JsonKind::array:
    case JsonKind::object:
      return fail(FetchFault::bad_answer, "no_text");
  }
  if (!value) {
    return fail_of(value.error());
  }
  return std::move(*value);
}

}  // namespace keyswap::vault
