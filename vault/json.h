// SPDX-License-Identifier: Apache-2.0
//
// JSON (RFC 8259) of an answer with secrets in it, a source's or an upstream's, read where it lies:
// in locked memory, of which only what is asked for is copied, into locked memory again (I1). Read
// so strictly that no other reader can find something else in it. What venues say is read by
// bindings/json.h, which makes strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "vault/secret.h"

namespace keyswap::vault {

enum class JsonKind : std::uint8_t { none, null, boolean, number, string, array, object };

// One value of a text that was read; lives no longer than its JsonText. `none` is a value that is
// not there, in which nothing is found.
class JsonView {
 public:
  JsonView() = default;

  [[nodiscard]] JsonKind kind() const;

  [[nodiscard]] bool is(JsonKind kind) const { return this->kind() == kind; }

  // A member of an object, by its name as it is when its escapes are undone.
  [[nodiscard]] JsonView member(std::string_view name) const;
  // Members of members, "/data/metadata" (RFC 6901, without its escapes; no index of an array).
  [[nodiscard]] JsonView find(std::string_view pointer) const;

  // Is it this string?
  [[nodiscard]] bool is_text(std::string_view text) const;
  // A string's characters, in locked memory. invalid_input for anything else; unavailable when
  // there is no room.
  [[nodiscard]] base::Result<Secret> text() const;
  // The same of what is no secret, such as an id: printable ASCII of at most `bytes_max`, without
  // escapes. Nothing for anything else.
  [[nodiscard]] std::optional<std::string> plain_text(std::size_t bytes_max) const;
  // A whole number of 64 bits, without fraction and exponent.
  [[nodiscard]] std::optional<std::int64_t> integer() const;

  [[nodiscard]] bool is_true() const { return bytes_ == "true"; }

  // As it is written, a string with its quotes.
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  friend class JsonItems;
  friend class JsonText;

  explicit JsonView(std::string_view bytes) : bytes_(bytes) {}

  std::string_view bytes_;
};

// What is in an array or an object, in its order; of anything else there is nothing.
class JsonItems {
 public:
  explicit JsonItems(JsonView container);

  // To the first, then to the next; false behind the last.
  [[nodiscard]] bool next();

  // Of an object's member, a string.
  [[nodiscard]] JsonView name() const { return name_; }

  [[nodiscard]] JsonView value() const { return value_; }

 private:
  std::string_view rest_;
  bool has_names_ = false;
  JsonView name_;
  JsonView value_;
};

class JsonText {
 public:
  // invalid_input for what is no JSON text, is not UTF-8, has half a surrogate pair, a name twice
  // in an object, or more than bounds::kAnswerJsonDepthMax and kAnswerJsonMembersMax allow.
  static base::Result<JsonText> read(Secret text);

  [[nodiscard]] JsonView root() const;

 private:
  explicit JsonText(Secret text) : text_(std::move(text)) {}

  Secret text_;
};

}  // namespace keyswap::vault
