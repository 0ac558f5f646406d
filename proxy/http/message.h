// SPDX-License-Identifier: Apache-2.0
//
// One HTTP/1.1 message head, after it was found well-formed. Names and values are views into the
// head's own block of bytes, so a head costs one allocation; the block does not move when the head
// does. A head is never changed: what goes out is written anew by proxy/http/h1 (I9).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace keyswap::http {

// Does `value` satisfy the grammar of a field value (RFC 9110 section 5.5), empty included?
bool is_field_value(std::string_view value);
// Is `name` a token (RFC 9110 section 5.6.2)?
bool is_token(std::string_view name);

struct Field {
  std::string_view name;   // as received
  std::string_view value;  // without surrounding white space
};

// Fields in the order received, repeated names kept.
class HeaderList {
 public:
  void add(std::string_view name, std::string_view value) { fields_.push_back({name, value}); }

  void reserve(std::size_t count) { fields_.reserve(count); }

  [[nodiscard]] auto begin() const { return fields_.begin(); }

  [[nodiscard]] auto end() const { return fields_.end(); }

  [[nodiscard]] std::size_t size() const { return fields_.size(); }

  [[nodiscard]] const Field& operator[](std::size_t i) const { return fields_[i]; }

  // The first field of that name (ASCII case ignored), or nullptr.
  [[nodiscard]] const Field* find(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  // Is `token` (ASCII case ignored) an element of the comma-separated lists of all fields `name`?
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;

 private:
  std::vector<Field> fields_;
};

enum class Version : std::uint8_t { http_1_0, http_1_1 };

// How the body's end is known (RFC 9112 section 6.3).
struct Framing {
  enum class Kind : std::uint8_t {
    none,         // no body
    length,       // Content-Length
    chunked,      // Transfer-Encoding: chunked
    until_close,  // responses only
  };
  Kind kind = Kind::none;
  std::uint64_t length = 0;  // for Kind::length; 0 is possible (an explicit Content-Length: 0)
};

// The bytes a head's views point into. Wiped when it goes: an answer may hold a secret that came
// back and is not scrubbed yet (I1, I8).
struct HeadBlock {
  HeadBlock() = default;
  HeadBlock(const HeadBlock&) = delete;
  HeadBlock& operator=(const HeadBlock&) = delete;
  HeadBlock(HeadBlock&& other) noexcept;
  HeadBlock& operator=(HeadBlock&& other) noexcept;

  ~HeadBlock() { wipe(); }

  std::unique_ptr<char[]> bytes;  // NOLINT(modernize-avoid-c-arrays): size is dynamic
  std::size_t size = 0;

 private:
  void wipe();
};

struct RequestHead {
  HeadBlock block;
  std::string_view method;  // a token, as received: its case matters
  std::string_view target;  // as received: origin, absolute, authority or asterisk form
  Version version = Version::http_1_1;
  HeaderList fields;
  Framing framing;
  bool keeps_alive = true;        // the client wants the connection kept (RFC 9112 section 9.3)
  bool expects_continue = false;  // Expect: 100-continue, HTTP/1.1, and a body to wait for
  bool expects_more = false;      // Expect asks for something else, too (RFC 9110 section 10.1.1)
};

struct ResponseHead {
  HeadBlock block;
  int status = 0;
  std::string_view reason;
  Version version = Version::http_1_1;
  HeaderList fields;
  Framing framing;
  bool keeps_alive = true;

  // Does another response to the same request follow? Not after 101: HTTP ends there.
  [[nodiscard]] bool is_interim() const { return status >= 100 && status < 200 && status != 101; }
};

// What a response answers: HEAD, so that it has no body (RFC 9112 section 6.3); a request for an
// upgrade, so that it may be a 101; or another request.
enum class AnswerTo : std::uint8_t { head_request, upgrade_request, other };

// The fields of one connection only, which are never passed on (RFC 9110 section 7.6.1): those that
// are so by their definition, and those that a Connection field of the head names. What routes or
// frames the message (Host, Content-Length) cannot be nominated away, and the field that a secret
// is written to is not asked about (proxy/flow/substitute).
class HopByHop {
 public:
  // Reads the Connection fields of a head.
  explicit HopByHop(const HeaderList& fields);

  [[nodiscard]] bool has(std::string_view name) const;

 private:
  // In lower case, sorted: each field is held against all of them.
  std::vector<std::string> nominated_;
};

}  // namespace keyswap::http
