// SPDX-License-Identifier: Apache-2.0
//
// How fast bodies of requests are looked through for placeholders: bytes a second of one core, for
// kinds of text, with 1, 100 and 10,000 placeholders. What many cost more than one is the last
// figure. Not a test: it depends on the machine.
//   detect_probe [MIB]
#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "proxy/flow/placeholder_watch.h"
#include "test/cost/scrub/kinds.h"

namespace keyswap {
namespace {

constexpr std::array<std::size_t, 3> kCounts = {1, 100, 10'000};

bindings::Bindings bindings_with(std::size_t count) {
  std::mt19937 random(1);
  bindings::Bindings bindings;
  for (std::size_t i = 0; i < count; ++i) {
    bindings.rules.emplace_back().placeholder =
        "sk-proj-PLACEHOLDER-" + cost::some_letters(random, 24) + std::to_string(i);
  }
  bindings.build_index();
  return bindings;
}

// Bytes a second.
double measure(const bindings::Bindings& bindings, const cost::Kind& kind, std::size_t mib) {
  flow::PlaceholderWatch watch(bindings);
  const std::size_t times = mib * 1024 * 1024 / kind.text.size();
  const double begin = cost::seconds();
  for (std::size_t i = 0; i < times; ++i) {
    watch.look(kind.text);
  }
  const double took = cost::seconds() - begin;
  if (!watch.seen().empty()) {
    std::abort();
  }
  return static_cast<double>(times * kind.text.size()) / took;
}

}  // namespace
}  // namespace keyswap

int main(int argc, char** argv) {
  using namespace keyswap;  // NOLINT(google-build-using-namespace): it is this file's own
  const std::size_t mib = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 200;
  std::vector<bindings::Bindings> all;
  for (const std::size_t count : kCounts) {
    all.push_back(bindings_with(count));
  }
  for (const cost::Kind& kind : cost::kinds()) {
    std::array<double, kCounts.size()> speeds{};
    for (std::size_t i = 0; i < speeds.size(); ++i) {
      speeds.at(i) = measure(all[i], kind, mib);
    }
    std::printf("%-20s %6.2f %6.2f %6.2f GB/s %6.2f\n",
                std::string(kind.name).c_str(),
                speeds[0] / 1e9,
                speeds[1] / 1e9,
                speeds[2] / 1e9,
                speeds[0] / speeds[2]);
  }
}
