// SPDX-License-Identifier: Apache-2.0
//
// Lines for an operator on a descriptor (stderr as a rule) that somebody else may not read: a pipe
// that is full, a terminal that was stopped. A program that serves must not wait for its reader, so
// what cannot be written at once is dropped, counted, and the count told when there is room again.
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace keyswap::base {

class LineOutput {
 public:
  // `descriptor` is not owned, and is left in the mode it is in: others write through it, too.
  explicit LineOutput(int descriptor) : descriptor_(descriptor) {}

  LineOutput(const LineOutput&) = delete;
  LineOutput& operator=(const LineOutput&) = delete;
  LineOutput(LineOutput&&) = delete;
  LineOutput& operator=(LineOutput&&) = delete;
  ~LineOutput();

  // From now on no write waits. Before that each does, as is right for a command that ends.
  void stop_waiting();

  // How much its reader wants to read. What is written says itself whether it is wanted.
  enum class Detail : unsigned char { errors, usual, all };

  void set_detail(Detail detail) { detail_ = detail; }

  [[nodiscard]] Detail detail() const { return detail_; }

  // Whole lines, each with its newline. Dropped together when nothing of them can be written, or
  // what was written in part before is still waiting.
  void write(std::string_view lines);

  // Says how many lines were dropped, if any were and there is room.
  void tell_dropped();

 private:
  bool put(std::string_view lines);
  bool put_rest();
  bool put_count();
  std::size_t write_some(std::string_view bytes);
  [[nodiscard]] bool is_writable() const;

  std::atomic<Detail> detail_ = Detail::usual;
  std::mutex mutex_;
  int descriptor_;
  bool waits_ = true;
  bool is_socket_ = false;
  int own_ = -1;      // the same pipe or terminal, opened anew in a mode that does not wait
  std::string rest_;  // of lines that were taken in part
  std::uint64_t dropped_ = 0;
};

// The process's stderr.
LineOutput& standard_error();

}  // namespace keyswap::base
