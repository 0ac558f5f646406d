// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/login_redirect.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "proxy/base/bytes.h"
#include "proxy/base/hex.h"
#include "vault/sources/backend_parts.h"

namespace keyswap::vault {

namespace {

constexpr int kOk = 200;
constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;
constexpr int kNotAllowed = 405;
constexpr int kNoRoom = 503;
constexpr std::size_t kLoginCodeBytesMax = 4096;

struct Parameters {
  std::optional<std::string_view> state;
  std::optional<std::string_view> code;
  std::optional<std::string_view> issuer;
  std::optional<std::string_view> error;
  bool is_good = true;  // each of these once
};

// RFC 6749 section 4.1.2.1.
constexpr std::array<std::string_view, 7> kKnownErrors = {"access_denied",
                                                          "invalid_request",
                                                          "invalid_scope",
                                                          "server_error",
                                                          "temporarily_unavailable",
                                                          "unauthorized_client",
                                                          "unsupported_response_type"};

Redirected ignored(int status) {
  Redirected told;
  told.status = status;
  return told;
}

Redirected refused(std::string outcome) {
  Redirected told;
  told.kind = Redirected::Kind::refused;
  told.outcome = std::move(outcome);
  return told;
}

Parameters parameters_of(std::string_view query) {
  Parameters read;
  const std::array<std::pair<std::string_view, std::optional<std::string_view>*>, 4> places = {
      {{"state", &read.state},
       {"code", &read.code},
       {"iss", &read.issuer},
       {"error", &read.error}}};
  while (!query.empty()) {
    const std::string_view field = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(field.size() + 1, query.size()));
    const std::size_t sign = std::min(field.find('='), field.size());
    for (const auto& [name, place] : places) {
      if (field.substr(0, sign) == name) {
        read.is_good = read.is_good && !place->has_value();
        *place = field.substr(std::min(sign + 1, field.size()));
      }
    }
  }
  return read;
}

// As a form's values are written, into locked memory. Nothing: an escape is none, or there is no
// room.
std::optional<Secret> decoded(std::string_view text) {
  constexpr std::size_t kEscapeBytes = 3;
  auto room = LockedBytes::of_size(std::max<std::size_t>(text.size(), 1));
  if (!room) {
    return std::nullopt;
  }
  std::size_t size = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at] == '+' ? ' ' : text[at];
    if (c == '%') {
      const int high = at + 2 < text.size() ? base::hex_value(text[at + 1]) : -1;
      const int low = at + 2 < text.size() ? base::hex_value(text[at + 2]) : -1;
      if (high < 0 || low < 0) {
        return std::nullopt;
      }
      c = static_cast<char>(high * 16 + low);
      at += kEscapeBytes - 1;
    }
    room->data()[size++] = c;
  }
  return Secret::adopt(std::move(*room), size);
}

bool says(std::optional<std::string_view> parameter, std::string_view wanted) {
  const auto value = parameter ? decoded(*parameter) : std::nullopt;
  return value && base::equal_constant_time(value->reveal(), wanted);
}

// One field Host, and that one: a page whose name leads to 127.0.0.1 says its own.
bool is_for(std::string_view fields, std::string_view host) {
  int count = 0;
  bool is_host = false;
  while (!fields.empty()) {
    std::string_view line = fields.substr(0, fields.find("\r\n"));
    fields.remove_prefix(std::min(line.size() + 2, fields.size()));
    const std::size_t colon = std::min(line.find(':'), line.size());
    if (base::equal_ignoring_case(line.substr(0, colon), "host")) {
      line.remove_prefix(std::min(colon + 1, line.size()));
      line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
      line = line.substr(0, line.find_last_not_of(" \t") + 1);
      ++count;
      is_host = line == host;
    }
  }
  return count == 1 && is_host;
}

std::string error_of(std::string_view error) {
  const auto* const known = std::ranges::find(kKnownErrors, error);
  return "authorization_error:" +
         std::string(known == kKnownErrors.end() ? std::string_view("other") : *known);
}

Redirected read_answer(const Parameters& given, const RedirectWanted& wanted) {
  if (!given.is_good || !says(given.state, wanted.state)) {
    return ignored(kBadRequest);
  }
  // RFC 9207 section 2.4: the answer of another server than the one that was asked.
  const bool is_known = !wanted.issuer.empty();
  if (is_known && (given.issuer ? !says(given.issuer, wanted.issuer) : wanted.is_issuer_said)) {
    return refused("issuer_mismatch");
  }
  if (given.error) {
    return refused(error_of(*given.error));
  }
  auto code = given.code ? decoded(*given.code) : std::nullopt;
  if (given.code && !code) {
    return ignored(kNoRoom);
  }
  if (!code || code->size() > kLoginCodeBytesMax || !is_token(code->reveal())) {
    return refused("malformed");
  }
  Redirected told;
  told.kind = Redirected::Kind::code;
  told.status = kOk;
  told.code = std::move(*code);
  return told;
}

}  // namespace

Redirected read_redirect(std::string_view head, const RedirectWanted& wanted) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const std::string_view fields = head.substr(std::min(line.size() + 2, head.size()));
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last <= first ||
      !line.substr(last + 1).starts_with("HTTP/1.") || !is_for(fields, wanted.host)) {
    return ignored(kBadRequest);
  }
  if (line.substr(0, first) != "GET") {
    return ignored(kNotAllowed);
  }
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::size_t mark = std::min(target.find('?'), target.size());
  if (target.substr(0, mark) != wanted.path) {
    return ignored(kNotFound);
  }
  return read_answer(parameters_of(target.substr(std::min(mark + 1, target.size()))), wanted);
}

}  // namespace keyswap::vault
