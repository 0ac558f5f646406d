// SPDX-License-Identifier: Apache-2.0
//
// What the proxy and its launcher say to each other, a message at a time on a pair of sockets that
// nobody else has. The proxy names a line of the table, never a program. Private to proxy/launcher.
#pragma once

#include <cstdint>

namespace keyswap::launcher {

struct RequestMessage {
  std::uint64_t id = 0;
  std::uint64_t index = 0;  // in the table
};

enum class Ending : std::uint32_t {
  exited,       // `status` is its exit's, or 128 and the signal that ended it
  not_started,  // it is in no table, or there was no process or no locked memory for it
  not_trusted,  // somebody else could have put another program there
  timed_out,
  too_much,  // it said more than bounds::kCommandOutBytesMax
};

// What the program printed follows, then what it said on stderr.
struct AnswerMessage {
  std::uint64_t id = 0;
  Ending ending = Ending::not_started;
  std::int32_t status = 0;
  std::uint32_t out_bytes = 0;
  std::uint32_t told_bytes = 0;
};

}  // namespace keyswap::launcher
