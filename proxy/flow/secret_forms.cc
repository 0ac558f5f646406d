// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/secret_forms.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "proxy/base/bytes.h"

namespace keyswap::flow {

namespace {

unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// RFC 3986 section 2.3.
bool is_unreserved(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// Writes the forms of a secret one behind the other into locked memory.
class FormWriter {
 public:
  explicit FormWriter(vault::LockedBytes bytes) : bytes_(std::move(bytes)) {}

  // Bytes that suffice for all forms of a secret of `size` bytes.
  // (Six of base64, of four characters for three bytes.)
  static std::size_t room_for(std::size_t size) { return size * (1 + 2 + 2 + 8 + 3); }

  void write_plain(std::string_view secret) {
    for (std::size_t i = 0; i < secret.size(); ++i) {
      write(byte_at(secret, i));
    }
    end_form();
  }

  void write_hex(std::string_view secret, std::string_view digits) {
    for (std::size_t i = 0; i < secret.size(); ++i) {
      write(byte_at(digits, byte_at(secret, i) >> 4U));
      write(byte_at(digits, byte_at(secret, i) & 0xFU));
    }
    end_form();
  }

  // Where the secret is `before` bytes behind the beginning of a group of three: the characters
  // that it alone decides. True: one of `marks` is among them.
  bool write_base64(std::string_view secret, std::size_t before, std::string_view marks) {
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
    end_form();
    return has_marks;
  }

  void write_percent_encoded(std::string_view secret) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    for (std::size_t i = 0; i < secret.size(); ++i) {
      const unsigned c = byte_at(secret, i);
      if (is_unreserved(secret[i])) {
        write(c);
      } else {
        write('%');
        write(byte_at(kDigits, c >> 4U));
        write(byte_at(kDigits, c & 0xFU));
      }
    }
    end_form();
  }

  // The length of each form; they stand one behind the other.
  [[nodiscard]] std::vector<std::size_t> sizes() const {
    std::vector<std::size_t> sizes;
    for (const std::string_view text : texts_) {
      sizes.push_back(text.size());
    }
    return sizes;
  }

  // A copy in no more locked memory than it needs: it is held while requests are under way.
  [[nodiscard]] base::Result<vault::Secret> copy() const {
    return vault::Secret::copy_of({bytes_.data(), size_});
  }

 private:
  static constexpr unsigned kMarksBegin = 62;  // of the values of base64

  static unsigned base64_character(unsigned value, std::string_view marks) {
    if (value < 26) {
      return 'A' + value;
    }
    if (value < 52) {
      return 'a' + (value - 26);
    }
    return value < kMarksBegin ? '0' + (value - 52) : byte_at(marks, value - kMarksBegin);
  }

  void write(unsigned c) { bytes_.data()[size_++] = static_cast<char>(c); }

  // A form that is another's text again, or empty, is not looked for twice.
  void end_form() {
    const std::string_view text(bytes_.data() + begun_, size_ - begun_);
    if (text.empty() || std::ranges::find(texts_, text) != texts_.end()) {
      size_ = begun_;
      return;
    }
    texts_.push_back(text);
    begun_ = size_;
  }

  vault::LockedBytes bytes_;
  std::size_t size_ = 0;
  std::size_t begun_ = 0;
  std::vector<std::string_view> texts_;
};

std::optional<FormWriter> write_all(std::string_view secret) {
  auto room = vault::LockedBytes::of_size(FormWriter::room_for(secret.size()));
  if (!room) {
    return std::nullopt;
  }
  FormWriter forms(std::move(*room));
  forms.write_plain(secret);
  forms.write_hex(secret, "0123456789abcdef");
  forms.write_hex(secret, "0123456789ABCDEF");
  for (std::size_t before = 0; before < 3; ++before) {
    if (forms.write_base64(secret, before, "+/")) {
      forms.write_base64(secret, before, "-_");
    }
  }
  if (!std::ranges::all_of(secret, is_unreserved)) {
    forms.write_percent_encoded(secret);
  }
  return forms;
}

}  // namespace

bool SecretForms::are_of(const vault::Secret& secret) const {
  return base::equal_constant_time(texts.front(), secret.reveal());
}

SharedForms write_forms(const vault::Secret& secret, std::string_view placeholder) {
  const auto forms = write_all(secret.reveal());
  auto copy = forms ? forms->copy() : base::Error{base::Errc::unavailable, "no locked memory"};
  if (!copy) {
    return nullptr;
  }
  auto written = std::make_shared<SecretForms>();
  written->forms = std::move(*copy);
  written->placeholder = placeholder;
  std::string_view rest = written->forms.reveal();
  for (const std::size_t size : forms->sizes()) {
    written->texts.push_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  return written;
}

}  // namespace keyswap::flow
