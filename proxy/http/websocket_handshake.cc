// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/websocket_handshake.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <openssl/evp.h>

#include "proxy/base/bytes.h"
#include "proxy/http/grammar.h"

namespace keyswap::http {

namespace {

constexpr std::size_t kKeyBytes = 16;        // section 4.1, item 7
constexpr std::size_t kKeyCharacters = 24;   // the same in base64
constexpr std::string_view kVersion = "13";  // item 9
constexpr std::string_view kProtocol = "websocket";
constexpr std::string_view kAcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // section 1.3

// The value of a field that must be there exactly once; nullptr otherwise.
const std::string_view* only(const HeaderList& fields, std::string_view name) {
  return fields.count(name) == 1 ? &fields.find(name)->value : nullptr;
}

bool switches_to_websocket(const HeaderList& fields) {
  const std::string_view* upgrade = only(fields, "upgrade");
  return upgrade != nullptr && base::equal_ignoring_case(*upgrade, kProtocol) &&
         fields.has_token("connection", "upgrade");
}

bool is_key(std::string_view text) {
  if (text.size() != kKeyCharacters) {
    return false;
  }
  const auto bytes = base::from_base64(text);
  return bytes && bytes->size() == kKeyBytes;
}

// Is `name` in the comma-separated `list`? The case of subprotocols matters.
bool list_has(std::string_view list, std::string_view name) {
  return grammar::any_element(list, [name](std::string_view element) { return element == name; });
}

bool offers(const HeaderList& request, std::string_view subprotocol) {
  return std::any_of(request.begin(), request.end(), [subprotocol](const Field& field) {
    return grammar::is_name(field.name, "sec-websocket-protocol") &&
           list_has(field.value, subprotocol);
  });
}

// No subprotocol, or one that was offered. A list is none: commas are no part of a name.
bool is_subprotocol_right(const HeaderList& answer, const HeaderList& request) {
  if (answer.count("sec-websocket-protocol") == 0) {
    return true;
  }
  const std::string_view* chosen = only(answer, "sec-websocket-protocol");
  return chosen != nullptr && !chosen->empty() && offers(request, *chosen);
}

bool is_accept_right(const HeaderList& answer, const HeaderList& request) {
  const std::string_view* key = only(request, "sec-websocket-key");
  const std::string_view* accept = only(answer, "sec-websocket-accept");
  return key != nullptr && accept != nullptr && !accept->empty() &&
         *accept == websocket_accept(*key);
}

}  // namespace

bool asks_for_websocket(const RequestHead& head) {
  bool is_named = false;
  const bool has_others =
      std::any_of(head.fields.begin(), head.fields.end(), [&is_named](const Field& field) {
        return grammar::is_name(field.name, "upgrade") &&
               grammar::any_element(field.value, [&is_named](std::string_view protocol) {
                 is_named = base::equal_ignoring_case(protocol, kProtocol);
                 return !is_named;
               });
      });
  return is_named && !has_others;
}

bool is_websocket_request(const RequestHead& head) {
  const bool has_body = head.framing.kind == Framing::Kind::chunked || head.framing.length > 0;
  if (head.method != "GET" || head.version != Version::http_1_1 || has_body ||
      !switches_to_websocket(head.fields)) {
    return false;
  }
  const std::string_view* key = only(head.fields, "sec-websocket-key");
  const std::string_view* version = only(head.fields, "sec-websocket-version");
  return key != nullptr && is_key(*key) && version != nullptr && *version == kVersion;
}

bool is_websocket_answer(const ResponseHead& answer, const RequestHead& request) {
  return answer.status == 101 && answer.version == Version::http_1_1 &&
         switches_to_websocket(answer.fields) && is_accept_right(answer.fields, request.fields) &&
         answer.fields.count("sec-websocket-extensions") == 0 &&
         is_subprotocol_right(answer.fields, request.fields);
}

std::string websocket_accept(std::string_view key) {
  // Looked up once in the life of the process: bindings/digest.cc says why.
  static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  const std::string text = std::string(key) + std::string(kAcceptSuffix);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (sha1 == nullptr ||
      EVP_Digest(text.data(), text.size(), digest.data(), &size, sha1, nullptr) != 1) {
    return {};
  }
  return base::to_base64({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace keyswap::http
