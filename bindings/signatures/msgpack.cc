// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/msgpack.h"

#include <charconv>
#include <cstdint>
#include <limits>

namespace keyswap::bindings {

namespace {

using Kind = JsonValue::Kind;

void append_byte(unsigned byte, std::string& out) {
  out += static_cast<char>(static_cast<unsigned char>(byte));
}

// The low `bytes` of it, big-endian.
void append_bytes(std::uint64_t number, unsigned bytes, std::string& out) {
  while (bytes > 0) {
    append_byte(static_cast<unsigned>(number >> (--bytes * 8) & 0xffU), out);
  }
}

void append_unsigned(std::uint64_t number, std::string& out) {
  if (number < 0x80) {
    append_byte(static_cast<unsigned>(number), out);
  } else if (number <= std::numeric_limits<std::uint8_t>::max()) {
    append_byte(0xcc, out);
    append_bytes(number, 1, out);
  } else if (number <= std::numeric_limits<std::uint16_t>::max()) {
    append_byte(0xcd, out);
    append_bytes(number, 2, out);
  } else if (number <= std::numeric_limits<std::uint32_t>::max()) {
    append_byte(0xce, out);
    append_bytes(number, 4, out);
  } else {
    append_byte(0xcf, out);
    append_bytes(number, 8, out);
  }
}

// Below zero.
void append_negative(std::int64_t number, std::string& out) {
  const auto bits = static_cast<std::uint64_t>(number);
  if (number >= -32) {
    append_bytes(bits, 1, out);
  } else if (number >= std::numeric_limits<std::int8_t>::min()) {
    append_byte(0xd0, out);
    append_bytes(bits, 1, out);
  } else if (number >= std::numeric_limits<std::int16_t>::min()) {
    append_byte(0xd1, out);
    append_bytes(bits, 2, out);
  } else if (number >= std::numeric_limits<std::int32_t>::min()) {
    append_byte(0xd2, out);
    append_bytes(bits, 4, out);
  } else {
    append_byte(0xd3, out);
    append_bytes(bits, 8, out);
  }
}

template <typename Number>
bool read_whole(const std::string& text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc{} && read.ptr == end;
}

bool append_number(const std::string& text, std::string& out) {
  if (text.starts_with('-')) {
    std::int64_t number = 0;
    const bool is_whole = read_whole(text, number) && number != 0;
    if (is_whole) {
      append_negative(number, out);
    }
    return is_whole;
  }
  std::uint64_t number = 0;
  const bool is_whole = read_whole(text, number);
  if (is_whole) {
    append_unsigned(number, out);
  }
  return is_whole;
}

// The first bytes of a text (0xd9, 0xda, 0xdb), and of an array or an object (0xdc or 0xde).
void append_text(const std::string& text, std::string& out) {
  if (text.size() < 32) {
    append_byte(0xa0 | static_cast<unsigned>(text.size()), out);
  } else if (text.size() <= std::numeric_limits<std::uint8_t>::max()) {
    append_byte(0xd9, out);
    append_bytes(text.size(), 1, out);
  } else if (text.size() <= std::numeric_limits<std::uint16_t>::max()) {
    append_byte(0xda, out);
    append_bytes(text.size(), 2, out);
  } else {
    append_byte(0xdb, out);
    append_bytes(text.size(), 4, out);
  }
  out += text;
}

void append_count(std::size_t count, unsigned short_form, unsigned long_form, std::string& out) {
  if (count < 16) {
    append_byte(short_form | static_cast<unsigned>(count), out);
  } else if (count <= std::numeric_limits<std::uint16_t>::max()) {
    append_byte(long_form, out);
    append_bytes(count, 2, out);
  } else {
    append_byte(long_form + 1, out);
    append_bytes(count, 4, out);
  }
}

}  // namespace

// As deep as the JSON was read at most.
bool append_msgpack(const JsonValue& value, std::string& out) {
  switch (value.kind) {
    case Kind::null:
      append_byte(0xc0, out);
      return true;
    case Kind::boolean:
      append_byte(value.text == "true" ? 0xc3 : 0xc2, out);
      return true;
    case Kind::number:
      return append_number(value.text, out);
    case Kind::string:
      append_text(value.text, out);
      return true;
    case Kind::array:
      append_count(value.items.size(), 0x90, 0xdc, out);
      break;
    case Kind::object:
      append_count(value.items.size(), 0x80, 0xde, out);
      break;
  }
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    if (value.kind == Kind::object) {
      append_text(value.names[i], out);
    }
    if (!append_msgpack(value.items[i], out)) {
      return false;
    }
  }
  return true;
}

}  // namespace keyswap::bindings
