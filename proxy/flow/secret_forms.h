// SPDX-License-Identifier: Apache-2.0
//
// I8: the forms in which a secret that comes back is known: as it is, with '+' for its spaces, with
// what looks like an escape in it undone, in hex, in base64 wherever it begins in it. (Escapes of a
// text are undone before one looks: proxy/flow/escaped_search.h.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "vault/secret.h"

namespace keyswap::flow {

// How a secret was written where it was found; `escaped`: by percent, JSON or HTML escapes.
enum class Encoding : std::uint8_t { plain, hex, base64, escaped };

std::string_view to_string(Encoding encoding);

struct Form {
  std::string_view text;
  std::uint32_t secret = 0;  // a number of the caller's
  Encoding encoding = Encoding::plain;
};

// A shorter secret would be found in text that has nothing to do with it: it is looked for as a
// whole token only. No form of a longer one is shorter than this.
inline constexpr std::size_t kFormBytesMin = 8;
// A still shorter one is not looked for at all: it can be guessed, and any text has it.
inline constexpr std::size_t kTokenBytesMin = 4;

// Writes the forms of secrets one behind the other into locked memory, and lists them.
class FormWriter {
 public:
  // `room`: of room_for() bytes at least, for all that is written.
  explicit FormWriter(char* room) : room_(room) {}

  // Bytes that suffice for all forms of a secret of `size` bytes.
  static std::size_t room_for(std::size_t size);

  // A secret of kFormBytesMin bytes or more. Gives the form that is the secret itself.
  std::string_view write_forms(std::string_view secret, std::uint32_t number);
  // Writes a shorter one as it is, and lists no form.
  std::string_view write_token(std::string_view secret);

  // All that write_forms() wrote; views of the room.
  [[nodiscard]] const std::vector<Form>& forms() const { return forms_; }

  // So much of the room is written.
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void write_plain(std::string_view secret);
  void write_with_plus(std::string_view secret);
  void write_unescaped(std::string_view secret);
  void write_hex(std::string_view secret, std::string_view digits);
  bool write_base64(std::string_view secret, std::size_t before, std::string_view marks);

  void write(unsigned c) { room_[size_++] = static_cast<char>(c); }

  std::string_view end_form(Encoding encoding);

  char* room_;
  std::size_t size_ = 0;
  std::size_t begun_ = 0;
  std::uint32_t number_ = 0;
  std::vector<Form> forms_;
};

}  // namespace keyswap::flow
