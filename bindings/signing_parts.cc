// SPDX-License-Identifier: Apache-2.0
#include "bindings/signing_parts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

#include "bindings/request_readings.h"
#include "proxy/base/bounds.h"
#include "proxy/http/grammar.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

namespace {

constexpr std::int64_t kMicrosPerMilli = 1000;
constexpr std::int64_t kMicrosPerSecond = 1'000'000;

std::string iso_text(std::int64_t now_us) {
  const auto seconds = static_cast<std::time_t>(now_us / kMicrosPerSecond);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 48> text{};
  const auto size = std::snprintf(text.data(),
                                  text.size(),
                                  "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                                  utc.tm_year + 1900,
                                  utc.tm_mon + 1,
                                  utc.tm_mday,
                                  utc.tm_hour,
                                  utc.tm_min,
                                  utc.tm_sec,
                                  static_cast<int>(now_us % kMicrosPerSecond / kMicrosPerMilli));
  return {text.data(), static_cast<std::size_t>(std::max(size, 0))};
}

unsigned hex_value(char c) {
  const char lower = base::to_lower(c);
  return lower >= 'a' ? static_cast<unsigned>(lower - 'a') + 10U : static_cast<unsigned>(c - '0');
}

bool is_escape(std::string_view text, std::size_t at) {
  return text[at] == '%' && at + 2 < text.size() &&
         http::grammar::is(text[at + 1], http::grammar::kHex) &&
         http::grammar::is(text[at + 2], http::grammar::kHex);
}

// Takes the next pair off `pairs`.
std::string_view take_pair(std::string_view& pairs) {
  const auto end = std::min(pairs.find('&'), pairs.size());
  const auto pair = pairs.substr(0, end);
  pairs.remove_prefix(std::min(end + 1, pairs.size()));
  return pair;
}

std::string_view name_of(std::string_view pair) {
  return pair.substr(0, std::min(pair.find('='), pair.size()));
}

void append_pair(std::string& pairs, std::string_view pair) {
  if (!pairs.empty()) {
    pairs += '&';
  }
  pairs += pair;
}

base::Result<std::size_t> decode_key(KeyEncoding encoding,
                                     std::string_view key,
                                     std::span<char> out) {
  switch (encoding) {
    case KeyEncoding::base64:
      return base::decode_base64(key, out);
    case KeyEncoding::base64url:
      return base::decode_base64url(key, out);
    case KeyEncoding::hex:
      return base::decode_hex(key, out);
    case KeyEncoding::raw:
      break;
  }
  KS_UNREACHABLE();
}

}  // namespace

base::Status SigningInjection::render(const RenderInput& /*input*/, base::ByteSink& /*out*/) const {
  return base::Error{base::Errc::unsupported, "this scheme signs whole requests"};
}

bool VenueInjection::forbids(const RequestReadings& request) const {
  return request.overrides().disagree_with(request.method()) || is_closed(closed(), request);
}

// --- parameters ---

std::optional<vault::SecretName> read_entry_name(const SchemeSetup& setup,
                                                 std::string_view parameter,
                                                 MadeInjection& made) {
  const auto* const text = setup.find(parameter);
  if (text == nullptr) {
    return std::nullopt;
  }
  auto name = vault::SecretName::parse(*text);
  if (!name) {
    made.issues.push_back({parameter,
                           0,
                           "`" + std::string(parameter) + "` must be the name of a vault entry",
                           "the value itself goes into the vault: keyswap secret add NAME"});
    return std::nullopt;
  }
  return std::move(name).value();
}

std::vector<vault::SecretName> read_entry_names(const SchemeSetup& setup,
                                                std::initializer_list<std::string_view> parameters,
                                                MadeInjection& made) {
  std::vector<vault::SecretName> names;
  for (const auto parameter : parameters) {
    if (auto name = read_entry_name(setup, parameter, made)) {
      names.push_back(std::move(*name));
    }
  }
  return names;
}

std::optional<std::uint32_t> read_number(const SchemeSetup& setup,
                                         std::string_view parameter,
                                         std::uint32_t max,
                                         MadeInjection& made) {
  const auto* const text = setup.find(parameter);
  if (text == nullptr) {
    return std::nullopt;
  }
  std::uint32_t number = 0;
  const char* const end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end || number == 0 || number > max ||
      text->front() == '0') {
    made.issues.push_back(
        {parameter,
         0,
         "`" + std::string(parameter) + "` must be a number from 1 to " + std::to_string(max),
         ""});
    return std::nullopt;
  }
  return number;
}

std::size_t read_one_of(const SchemeSetup& setup,
                        std::string_view parameter,
                        std::initializer_list<std::string_view> choices,
                        MadeInjection& made) {
  const auto* const text = setup.find(parameter);
  if (text == nullptr) {
    return 0;
  }
  const auto* const found = std::find(choices.begin(), choices.end(), *text);
  if (found != choices.end()) {
    return static_cast<std::size_t>(found - choices.begin());
  }
  std::string all;
  for (const auto choice : choices) {
    all += (all.empty() ? "" : ", ") + std::string(choice);
  }
  made.issues.push_back(
      {parameter, 0, "`" + std::string(parameter) + "` must be one of: " + all, ""});
  return 0;
}

// --- pieces ---

base::Status begin_hmac(Hmac& hmac, HashKind kind, KeyEncoding encoding, const vault::Secret& key) {
  return begin_hmac(hmac, kind, encoding, key.reveal());
}

base::Status begin_hmac(Hmac& hmac, HashKind kind, KeyEncoding encoding, std::string_view key) {
  if (encoding == KeyEncoding::raw) {
    return hmac.begin(kind, key);
  }
  auto bytes = vault::LockedBytes::of_size(key.size());
  if (!bytes) {
    return bytes.error();
  }
  const auto size = decode_key(encoding, key, {bytes->data(), bytes->size()});
  if (!size || *size == 0) {
    return base::Error{base::Errc::invalid_input,
                       "the signing key is not what `key_encoding` says, or the venue's form"};
  }
  return hmac.begin(kind, {bytes->data(), *size});
}

std::string encoded(const Digest& digest, TextEncoding encoding) {
  switch (encoding) {
    case TextEncoding::hex:
      return base::to_hex(digest.view());
    case TextEncoding::base64:
      return base::to_base64(digest.view());
    case TextEncoding::base64url:
      return base::to_base64url(digest.view());
  }
  KS_UNREACHABLE();
}

std::string time_text(TimeUnit unit, std::int64_t now_us) {
  switch (unit) {
    case TimeUnit::s:
      return std::to_string(now_us / kMicrosPerSecond);
    case TimeUnit::ms:
      return std::to_string(now_us / kMicrosPerMilli);
    case TimeUnit::iso:
      return iso_text(now_us);
  }
  KS_UNREACHABLE();
}

Judgement malformed() {
  Judgement judgement;
  judgement.refusal = SignerRefusal::malformed_request;
  return judgement;
}

Judgement endpoint_closed() {
  Judgement judgement;
  judgement.refusal = SignerRefusal::endpoint_blocked;
  return judgement;
}

bool repeats_a_field(const WholeRequest& request, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    return request.fields.count(name) > 1;
  });
}

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_form(const WholeRequest& request) {
  const auto* const field = request.fields.find("content-type");
  if (field == nullptr || request.fields.count("content-type") > 1 ||
      request.fields.find("content-encoding") != nullptr) {
    return false;
  }
  const auto type = field->value.substr(0, std::min(field->value.find(';'), field->value.size()));
  return base::equal_ignoring_case(http::grammar::trim(type), "application/x-www-form-urlencoded");
}

base::Status set_field(Edits& edits, std::string_view name, std::string_view value) {
  auto copy = vault::Secret::copy_of(value);
  if (!copy) {
    return copy.error();
  }
  return set_field(edits, name, *copy);
}

base::Status set_field(Edits& edits, std::string_view name, const vault::Secret& value) {
  const auto text = value.reveal();
  const bool fits = !text.empty() && text.size() <= base::bounds::kRequestFieldBytesMax &&
                    http::is_field_value(text) && http::grammar::trim(text).size() == text.size();
  if (!fits) {
    return base::Error{base::Errc::invalid_input, "a vault entry's value cannot stand in a header"};
  }
  edits.set_field(name, value.share());
  return {};
}

// --- parameters of a query or a form ---

SplitTarget split_target(std::string_view target) {
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) {
    return {target, {}, false};
  }
  return {target.substr(0, mark), target.substr(mark + 1), true};
}

std::string url_decoded(std::string_view text) {
  std::string decoded(text.size(), '\0');
  char* out = decoded.data();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text.data()[i];
    if (c == '%' && is_escape(text, i)) {
      *out++ = static_cast<char>(hex_value(text[i + 1]) << 4U | hex_value(text[i + 2]));
      i += 2;
    } else {
      *out++ = c == '+' ? ' ' : c;
    }
  }
  decoded.resize(static_cast<std::size_t>(out - decoded.data()));
  return decoded;
}

std::optional<std::string> strictly_url_decoded(std::string_view text) {
  for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (!is_escape(text, at)) {
      return std::nullopt;
    }
  }
  return url_decoded(text);
}

ParameterCount count_parameter(std::string_view pairs, std::string_view name) {
  ParameterCount count;
  while (!pairs.empty()) {
    const auto found = url_decoded(name_of(take_pair(pairs)));
    if (found == name) {
      ++count.same;
    } else if (base::equal_ignoring_case(found, name)) {
      ++count.alike;
    }
  }
  return count;
}

std::string without_parameter(std::string_view pairs, std::string_view name) {
  if (count_parameter(pairs, name).same == 0) {
    return std::string(pairs);
  }
  std::string kept;
  while (!pairs.empty()) {
    const auto pair = take_pair(pairs);
    if (!pair.empty() && url_decoded(name_of(pair)) != name) {
      append_pair(kept, pair);
    }
  }
  return kept;
}

std::string with_value(std::string_view pairs, std::string_view name, std::string_view value) {
  std::string changed;
  while (!pairs.empty()) {
    const auto pair = take_pair(pairs);
    if (url_decoded(name_of(pair)) == name) {
      append_parameter(changed, name, value);
    } else if (!pair.empty()) {
      append_pair(changed, pair);
    }
  }
  return changed;
}

void append_parameter(std::string& pairs, std::string_view name, std::string_view value) {
  append_pair(pairs, name);
  pairs += '=';
  pairs += value;
}

}  // namespace keyswap::bindings
