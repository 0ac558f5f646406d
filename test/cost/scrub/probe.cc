// SPDX-License-Identifier: Apache-2.0
//
// How fast answers are searched for secrets: bytes a second of one core, for kinds of text, with 10
// secrets. Not a test: it depends on the machine.
//   scrub_probe [MIB]
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "proxy/base/buffer.h"
#include "proxy/flow/known_secrets.h"
#include "proxy/flow/scrub.h"
#include "test/cost/scrub/kinds.h"

namespace keyswap {
namespace {

flow::SharedSearch search_for(std::size_t count) {
  std::mt19937 random(1);
  std::vector<vault::Secret> secrets;
  std::vector<flow::WantedSecret> wanted;
  for (std::size_t i = 0; i < count; ++i) {
    secrets.push_back(
        std::move(vault::Secret::copy_of("sk-proj-" + cost::some_letters(random, 48))).value());
  }
  for (const vault::Secret& secret : secrets) {
    wanted.push_back(flow::wanted_secret(secret, "K", "kswp_PLACEHOLDER_000000000001"));
  }
  return flow::SecretSearch::make(wanted);
}

class Nowhere final : public base::ByteSink {
 public:
  [[nodiscard]] bool append(std::string_view bytes) override {
    bytes_ += bytes.size();
    return true;
  }

 private:
  std::size_t bytes_ = 0;
};

void measure(const flow::SharedSearch& search, const cost::Kind& kind, std::size_t mib) {
  flow::Scrubber scrubber;
  scrubber.use(search);
  Nowhere out;
  const std::size_t times = mib * 1024 * 1024 / kind.text.size();
  const double begin = cost::seconds();
  for (std::size_t i = 0; i < times; ++i) {
    if (!scrubber.feed(kind.text, false, out)) {
      std::abort();
    }
  }
  const double took = cost::seconds() - begin;
  const double bytes = static_cast<double>(times * kind.text.size());
  std::printf("%-20s %6.2f GB/s\n", std::string(kind.name).c_str(), bytes / took / 1e9);
}

}  // namespace
}  // namespace keyswap

int main(int argc, char** argv) {
  using namespace keyswap;  // NOLINT(google-build-using-namespace): it is this file's own
  const std::size_t mib = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 200;
  if (!vault::lock_memory()) {
    return 1;
  }
  const auto search = search_for(10);
  for (const cost::Kind& kind : cost::kinds()) {
    measure(search, kind, mib);
  }
}
