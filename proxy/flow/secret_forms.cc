// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/secret_forms.h"

#include <algorithm>
#include <array>

#include "proxy/flow/escape.h"

namespace keyswap::flow {

namespace {

constexpr std::array<std::string_view, 4> kEncodingNames = {"plain", "hex", "base64", "escaped"};

constexpr unsigned kMarksBegin = 62;  // of the values of base64

unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

unsigned base64_character(unsigned value, std::string_view marks) {
  if (value < 26) {
    return 'A' + value;
  }
  if (value < 52) {
    return 'a' + (value - 26);
  }
  return value < kMarksBegin ? '0' + (value - 52) : byte_at(marks, value - kMarksBegin);
}

}  // namespace

std::string_view to_string(Encoding encoding) {
  return kEncodingNames.at(static_cast<std::size_t>(encoding));
}

// (Six of base64, of four characters for three bytes.)
std::size_t FormWriter::room_for(std::size_t size) {
  return size * (1 + 1 + 1 + 2 + 2 + 8);
}

std::string_view FormWriter::write_forms(std::string_view secret, std::uint32_t number) {
  number_ = number;
  write_plain(secret);
  const std::string_view plain = end_form(Encoding::plain);
  write_with_plus(secret);
  write_unescaped(secret);
  write_hex(secret, "0123456789abcdef");
  write_hex(secret, "0123456789ABCDEF");
  for (std::size_t before = 0; before < 3; ++before) {
    if (write_base64(secret, before, "+/")) {
      write_base64(secret, before, "-_");
    }
  }
  return plain;
}

std::string_view FormWriter::write_token(std::string_view secret) {
  write_plain(secret);
  const std::string_view text(room_ + begun_, size_ - begun_);
  begun_ = size_;
  return text;
}

void FormWriter::write_plain(std::string_view secret) {
  for (std::size_t i = 0; i < secret.size(); ++i) {
    write(byte_at(secret, i));
  }
}

// As a form writes them (application/x-www-form-urlencoded).
void FormWriter::write_with_plus(std::string_view secret) {
  for (std::size_t i = 0; i < secret.size(); ++i) {
    write(secret[i] == ' ' ? '+' : byte_at(secret, i));
  }
  end_form(Encoding::escaped);
}

// A secret may look as if it had escapes in it. Where others in it are undone, these are, too.
void FormWriter::write_unescaped(std::string_view secret) {
  const std::size_t begun = size_;
  for (std::size_t at = 0; at < secret.size();) {
    const Escape escape = read_escape(secret.substr(at));
    if (escape.size == 0) {
      write(byte_at(secret, at));
    }
    for (std::size_t i = 0; i < escape.count; ++i) {
      write(byte_at(escape.view(), i));
    }
    at += std::max<std::size_t>(escape.size, 1);
  }
  if (size_ - begun < kFormBytesMin) {
    size_ = begun;
    return;
  }
  end_form(Encoding::escaped);
}

void FormWriter::write_hex(std::string_view secret, std::string_view digits) {
  for (std::size_t i = 0; i < secret.size(); ++i) {
    write(byte_at(digits, byte_at(secret, i) >> 4U));
    write(byte_at(digits, byte_at(secret, i) & 0xFU));
  }
  end_form(Encoding::hex);
}

// Where the secret is `before` bytes behind the beginning of a group of three: the characters that
// it alone decides. True: one of `marks` is among them.
bool FormWriter::write_base64(std::string_view secret, std::size_t before, std::string_view marks) {
  constexpr std::size_t kCharacterBits = 6;
  const std::size_t begin = before * 8;
  const std::size_t end = begin + secret.size() * 8;
  bool has_marks = false;
  for (std::size_t bit = (begin + kCharacterBits - 1) / kCharacterBits * kCharacterBits;
       bit + kCharacterBits <= end;
       bit += kCharacterBits) {
    const std::size_t at = bit - begin;
    const unsigned first = byte_at(secret, at / 8);
    const unsigned second = at / 8 + 1 < secret.size() ? byte_at(secret, at / 8 + 1) : 0;
    const unsigned value = ((first << 8U | second) >> (10U - at % 8)) & 0x3FU;
    has_marks = has_marks || value >= kMarksBegin;
    write(base64_character(value, marks));
  }
  end_form(Encoding::base64);
  return has_marks;
}

// A form that is another's text again is not looked for twice. Gives the one that stays.
std::string_view FormWriter::end_form(Encoding encoding) {
  const std::string_view text(room_ + begun_, size_ - begun_);
  const auto known = std::ranges::find(forms_, text, &Form::text);
  if (known != forms_.end()) {
    size_ = begun_;
    return known->text;
  }
  forms_.push_back({text, number_, encoding});
  begun_ = size_;
  return text;
}

}  // namespace keyswap::flow
