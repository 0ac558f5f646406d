// SPDX-License-Identifier: Apache-2.0
//
// Does each piece of work, and tells Valgrind's callgrind when to count; test/cost/count.py runs it
// and reads what was counted. Alone it only checks that the inputs are what they claim.
#include <string>
#include <string_view>
#include <valgrind/callgrind.h>

#include "test/cost/connection.h"
#include "test/cost/core.h"
#include "test/cost/inputs.h"

namespace keyswap::work {
namespace {

// Once before it is counted, for what is made when it is first needed.
template <typename Work>
void count(const std::string& name, Work work) {
  work();
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
  work();
  CALLGRIND_DUMP_STATS_AT(name.c_str());
  CALLGRIND_STOP_INSTRUMENTATION;
}

void count(const Input& input, vault::LockedBuffer& scratch) {
  Core core(bindings_of(input.bindings), input.entry, scratch);
  count(input.name,
        [&] { must(core.serve(input.request, input.answer) == input.expected, input.name); });
}

void count_connections() {
  Connections connections;
  count("connection", [&] { connections.open("api.example.test"); });
  int number = 0;
  count("connection to a new host",
        [&] { connections.open("h" + std::to_string(++number) + ".example.test"); });
}

}  // namespace
}  // namespace keyswap::work

// work_probe budget | worst
int main(int argc, char** argv) {
  using namespace keyswap::work;  // NOLINT(google-build-using-namespace): it is this file's own
  const std::string_view what = argc > 1 ? argv[1] : "";
  auto scratch = make_scratch();
  count(ordinary(), scratch);
  if (what == "budget") {
    count(long_answer(), scratch);
    count(long_answer_in_chunks(), scratch);
    count_connections();
  } else {
    for (const Input& input : worst_heads()) {
      count(input, scratch);
    }
  }
}
