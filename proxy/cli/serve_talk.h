// SPDX-License-Identifier: Apache-2.0
//
// What `serve` says on standard output: to a program one JSON line when it accepts; to
// people on a terminal that it does and how to use it, and later what became of a reload, how many
// requests a minute were refused, and that it ended. Never waits for a reader. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "proxy/base/line_output.h"

namespace keyswap::cli {

struct ReadyFacts {
  std::string address;  // "127.0.0.1:8472"
  std::string ca;       // the file
  pid_t pid = 0;
  std::string home;  // " --home DIR", as a shell reads it, where commands have to be told, else ""
  std::string log;   // where it goes on talking from the background; "" it does not
  std::vector<std::string> listen{};  // all addresses, where `address` does not say it
  std::string manage{};               // where management listens; "" nowhere
};

enum class Audience : unsigned char { program, people };

std::string ready_text(const ReadyFacts& ready, Audience audience);

class ServeTalk {
 public:
  // The audience: people where stdout is a terminal, and JSON was not asked for.
  explicit ServeTalk(bool wants_json);

  [[nodiscard]] Audience audience() const { return audience_; }

  // From here on no line waits for a reader.
  void ready(const std::string& text);
  // The same where the process in front says it, and stdout leads to a log from now on.
  void ready_in_background();
  void reloaded(bool is_in_force);
  void refused(std::uint64_t in_a_minute);
  void stopped();

 private:
  void say(std::string_view line);

  Audience audience_;
  bool has_log_ = false;  // lines have their time
  base::LineOutput output_;
};

}  // namespace keyswap::cli
