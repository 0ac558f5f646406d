// SPDX-License-Identifier: Apache-2.0
//
// A line that is typed on a terminal and not shown, straight into locked memory (I1). The kernel's
// own line editing keeps 4,095 bytes of a line and drops the rest without a word, so the keys that
// edit are read here, byte by byte, and work as they do elsewhere. After an answer the terminal
// goes on showing nothing (proxy/cli/muted_terminal.h); however else the question ends, by a signal
// or a stop, the terminal is first put back as it was.
#pragma once

#include <cstddef>
#include <string_view>

#include <termios.h>

#include "proxy/cli/failure.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

// What the keys make of a line. Each byte is put into slot(), then judged where it stands.
class HiddenLine {
 public:
  enum class Step : unsigned char { more, entered, nothing, interrupt, quit, suspend };

  // `text` has room for `bytes_max` + 1 bytes, and outlives this. `keys` says which keys edit.
  HiddenLine(LockedText& text, std::size_t bytes_max, const termios& keys)
      : text_(&text), bytes_max_(bytes_max), keys_(&keys) {}

  [[nodiscard]] char* slot() { return text_->bytes.data() + text_->size; }

  // What the byte in the slot means.
  Step take();

  // More was typed than there is room for: it is read to its end all the same, so that no shell
  // gets the rest.
  [[nodiscard]] bool is_too_long() const { return is_too_long_; }

  void clear();

 private:
  [[nodiscard]] bool is_key(std::size_t which) const;
  [[nodiscard]] Step take_control() const;
  bool take_editing();
  void append();
  void erase_character();
  void erase_word();

  LockedText* text_;
  std::size_t bytes_max_;
  const termios* keys_;
  bool is_quoted_ = false;  // the next byte stands for itself
  bool is_too_long_ = false;
};

// Asks on the terminal. A signal that ends or stops the process does so once the terminal is as it
// was; after a stop the question is asked anew. One that the caller blocks or ignores is left to
// it, but one that asks it to end ends the question. cannot when nothing was typed, or others run
// in front by then; usage when it was more than `bytes_max` bytes, or several lines at once.
Outcome<LockedText> read_hidden(int terminal, std::string_view question, std::size_t bytes_max);

}  // namespace keyswap::cli
