// SPDX-License-Identifier: Apache-2.0
//
// Every rule of speaking to a human, and the only way secrets come in: answers go to stdout, errors
// to stderr in two lines, nothing that came from elsewhere reaches a terminal with control bytes in
// it, and what is typed or piped in as a secret goes straight into locked memory (I1).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/cli/failure.h"
#include "proxy/cli/files.h"
#include "vault/secret.h"

namespace keyswap::cli {

// Writes to stdout; print_line adds the newline.
void print(std::string_view text);
void print_line(std::string_view text);
// A line or several that are for people on a terminal, and wrapped there; elsewhere they stay as
// they are. What is said on stderr by the functions below is treated likewise.
void print_long_line(std::string_view text);
// Is everything printed so far written?
bool flush_output();

// "keyswap: <what>" and "  <hint>" on stderr; gives the exit status.
int report(const Failure& failure);
// The same of a command that ends with this: done, or what went wrong.
int end_with(const Problem& problem);
// "keyswap: warning: <what>" and, if there is one, the hint; not after --quiet.
void warn(std::string_view what, std::string_view hint = {});
// Lines for the operator on stderr, where stdout belongs to something else.
void note(std::string_view text);
// The same of what is good to know and asks for nothing; not after --quiet.
void remark(std::string_view text);
// "keyswap: <what>" on stderr, for who asked with --verbose which of several ways was taken.
void tell_more(std::string_view what);

// `text` with control bytes, DEL and bytes above 0x7e shown as \xNN.
std::string printable(std::string_view text);
// For the operator's own words, which may be any UTF-8: shown so is what moves a terminal's cursor
// (C1 does, too), what shows words in another order than they have, and bytes that are no UTF-8.
std::string readable(std::string_view text);

// Rows in columns as wide as they need to be, and together as wide as a terminal (kColumns of
// proxy/cli/word_wrap.h): what is too long goes on in the next line of its cell. The first row is
// the heading. (proxy/cli/table.cc)
std::string format_table(const std::vector<std::vector<std::string>>& rows);

// A line for each name and its value, which stays whole however long it is: a path, a fingerprint.
std::string format_facts(const std::vector<std::pair<std::string, std::string>>& facts);

// Says on stderr what takes its time, "opening the vault…", and takes it away again when it is
// over. Nothing where stderr is no terminal, or others run in front of it.
class WaitNotice {
 public:
  explicit WaitNotice(std::string_view text);
  WaitNotice(const WaitNotice&) = delete;
  WaitNotice& operator=(const WaitNotice&) = delete;
  WaitNotice(WaitNotice&&) = delete;
  WaitNotice& operator=(WaitNotice&&) = delete;
  ~WaitNotice();

 private:
  std::size_t size_ = 0;  // of what stands there
};

// Secret bytes in locked memory: a passphrase, a value, a file of them.
struct LockedText {
  vault::LockedBytes bytes;
  std::size_t size = 0;

  [[nodiscard]] std::string_view view() const { return {bytes.data(), size}; }

  vault::Secret to_secret() && { return vault::Secret::adopt(std::move(bytes), size); }
};

// One "\n" or "\r\n" at the end is no part of a secret: editors and echo put it there.
void drop_newline(LockedText& text);

// What is said when there is no room for a secret, or when it is longer than one may be.
Failure no_locked_memory();
Failure too_long(std::string_view what, std::size_t bytes_max);
// What is said where a question cannot be asked, or was not answered with a line.
Failure asked_from_background();
Failure several_lines();

// Reads to the end of `descriptor`; a trailing newline is dropped when asked for.
// `what` names it in errors ("the passphrase").
enum class Newline : unsigned char { keep, drop };
Outcome<LockedText> read_locked(int descriptor,
                                std::size_t bytes_max,
                                Newline newline,
                                std::string_view what);

// Is there somebody to ask (a controlling terminal)?
bool has_terminal();
// That terminal, to ask on. cannot when there is none, or when this is a job in the background:
// the kernel would stop it without a word, and the shell get what is typed.
Outcome<File> open_terminal();
// Asks there, without echo (proxy/cli/hidden_input.h).
Outcome<LockedText> ask_hidden(std::string_view question, std::size_t bytes_max);
// Asks twice; a failure when the answers differ.
Outcome<LockedText> ask_hidden_twice(std::string_view question, std::size_t bytes_max);

}  // namespace keyswap::cli
