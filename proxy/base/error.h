// SPDX-License-Identifier: Apache-2.0
//
// What went wrong, as a value. Nothing we write throws.
//
// The text of an Error is fixed when the program is compiled: a Note can only be made from a string
// literal, so bytes from the wire, file contents and secrets cannot get into an error, a log line
// or an audit reason (I1). What varies is the number: errno, a line, a size.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace keyswap::base {

enum class Errc : std::uint8_t {
  invalid_input,     // the bytes or words given are not acceptable
  not_found,         // the thing named does not exist
  already_exists,    // and will not be overwritten
  permission,        // modes, owner, or the kernel says no
  io,                // read, write or sync failed; number = errno
  no_space,          // the disk is full
  locked,            // somebody else holds it
  corrupt,           // stored bytes fail their check
  older,             // than what was there before
  replaced,          // by something else of that name
  wrong_passphrase,  // the vault did not open
  unsupported,       // understood, and not done here
  limit_exceeded,    // a bound of bounds.h
  unavailable,       // cannot be had now
  timed_out,
  not_yet_valid,  // the clock stands before its beginning
  expired,        // and behind its end
  closed,
  network,  // connect, reset; number = errno
  tls,      // handshake or verification; number = the library's code
};

// Is there no room, says this errno: of the disk, or of what the user may have of it?
constexpr bool is_no_space(int number) {
  return number == ENOSPC || number == EDQUOT;
}

// What it is that something could not be made, written or synced, with this errno.
constexpr Errc write_errc(int number) {
  return is_no_space(number) ? Errc::no_space : Errc::io;
}

// Compile-time text. Gives: text(), NUL-terminated, of static lifetime.
class Note {
 public:
  template <std::size_t n>
  // NOLINTNEXTLINE(google-explicit-constructor,modernize-avoid-c-arrays): a literal is a Note
  consteval Note(const char (&literal)[n]) : text_(literal) {}

  [[nodiscard]] constexpr const char* text() const { return text_; }

 private:
  const char* text_;
};

struct Error {
  Errc code;
  Note note;
  std::int64_t number = 0;  // errno, a library's code, a line or a size; 0 if there is none
};

}  // namespace keyswap::base
