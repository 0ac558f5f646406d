// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/scrub.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace keyswap::flow {

namespace {

// A shorter secret would be found in text that has nothing to do with it.
constexpr std::size_t kSecretBytesMin = 8;

base::Status put(base::ByteSink& out, std::string_view bytes) {
  return out.append(bytes) ? base::Status{}
                           : base::Error{base::Errc::limit_exceeded, "no room for a message"};
}

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

std::optional<FormWriter> write_forms(std::string_view secret) {
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

bool is_of(const SecretForms& forms, const vault::Secret& secret) {
  return base::equal_constant_time(forms.texts.front(), secret.reveal());
}

// Null: no locked memory.
std::shared_ptr<const SecretForms> write(const vault::Secret& secret,
                                         std::string_view placeholder) {
  const auto forms = write_forms(secret.reveal());
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

}  // namespace

FormCache::Shared FormCache::find_or_write(const vault::Secret& secret,
                                           std::string_view placeholder) {
  auto& known = in_use_[std::string(placeholder)];
  Shared found;
  std::erase_if(known, [&](const auto& watched) {
    auto forms = watched.lock();
    if (forms != nullptr && found == nullptr && is_of(*forms, secret)) {
      found = forms;
    }
    return forms == nullptr;
  });
  if (found == nullptr) {
    found = write(secret, placeholder);
    if (found == nullptr) {
      return nullptr;
    }
    known.emplace_back(found);
  }
  keep(found);
  return found;
}

void FormCache::keep(const Shared& forms) {
  if (!kept_.empty() && kept_.back() == forms) {
    return;
  }
  if (std::erase(kept_, forms) == 0) {
    kept_bytes_ += forms->forms.size();
  }
  kept_.push_back(forms);
  while (kept_.size() > base::bounds::kScrubbedSecretsMax ||
         kept_bytes_ > base::bounds::kFormCacheBytesMax) {
    kept_bytes_ -= kept_.front()->forms.size();
    kept_.erase(kept_.begin());
  }
}

void FormCache::clear() {
  kept_.clear();
  kept_bytes_ = 0;
  std::erase_if(in_use_, [](const auto& entry) {
    return std::ranges::all_of(entry.second, [](const auto& watched) { return watched.expired(); });
  });
}

base::Status Scrubber::add(const vault::Secret& secret, std::string_view placeholder) {
  const bool is_known =
      std::ranges::any_of(known_, [&](const auto& known) { return is_of(*known, secret); });
  if (is_known || secret.size() < kSecretBytesMin) {
    return {};
  }
  if (known_.size() == base::bounds::kScrubbedSecretsMax) {
    return base::Error{base::Errc::limit_exceeded, "too many secrets to look for"};
  }
  auto forms =
      cache_ == nullptr ? write(secret, placeholder) : cache_->find_or_write(secret, placeholder);
  if (forms == nullptr || !holder_.hold(forms->forms)) {
    return base::Error{base::Errc::unavailable, "no locked memory to look for a secret"};
  }
  known_.push_back(std::move(forms));
  return {};
}

base::Status Scrubber::feed(std::string_view piece, bool is_last, base::ByteSink& out) {
  base::Buffer joined(2 * base::bounds::kSecretBytesMax + base::bounds::kReadChunkBytes);
  std::string_view text = piece;
  if (!kept_.empty()) {
    if (!joined.append(kept_.view()) || !joined.append(piece)) {
      return base::Error{base::Errc::limit_exceeded, "a piece that is larger than a read"};
    }
    kept_.release();
    text = joined.view();
  }
  for (Found found = find_first(text); found.known != nullptr; found = find_first(text)) {
    KS_TRY(put(out, text.substr(0, found.at)));
    KS_TRY(put(out, found.known->placeholder));
    text.remove_prefix(found.at + found.size);
  }
  const std::size_t begun = is_last ? text.size() : begun_at_end(text);
  KS_TRY(put(out, text.substr(0, begun)));
  return put(kept_, text.substr(begun));
}

Scrubber::Found Scrubber::find_first(std::string_view text) const {
  Found first;
  for (const auto& known : known_) {
    for (const std::string_view form : known->texts) {
      const std::size_t at =
          text.substr(0, first.known == nullptr ? text.size() : first.at).find(form);
      if (at < first.at) {
        first = {at, form.size(), known.get()};
      }
    }
  }
  return first;
}

// Where the longest end of `text` begins that a secret may begin with; its size if there is none.
std::size_t Scrubber::begun_at_end(std::string_view text) const {
  std::size_t begun = text.size();
  for (const auto& known : known_) {
    for (const std::string_view form : known->texts) {
      const std::size_t earliest = text.size() - std::min(form.size() - 1, text.size());
      for (std::size_t at = text.find(form.front(), earliest); at < begun;
           at = text.find(form.front(), at + 1)) {
        if (form.starts_with(text.substr(at))) {
          begun = at;
        }
      }
    }
  }
  return begun;
}

}  // namespace keyswap::flow
