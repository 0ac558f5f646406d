// SPDX-License-Identifier: Apache-2.0
//
// How fast answers are searched for secrets: bytes a second of one core, for kinds of text, with 10
// secrets. Not a test: times of a machine that does other work say nothing.
//   scrub_probe [MIB]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/flow/scrub.h"

namespace keyswap {
namespace {

constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

std::string some_letters(std::mt19937& random, std::size_t size) {
  std::string text;
  while (text.size() < size) {
    text += kLetters[random() % kLetters.size()];
  }
  return text;
}

flow::SharedSearch search_for(std::size_t count) {
  std::mt19937 random(1);
  std::vector<vault::Secret> secrets;
  std::vector<flow::WantedSecret> wanted;
  for (std::size_t i = 0; i < count; ++i) {
    secrets.push_back(
        std::move(vault::Secret::copy_of("sk-proj-" + some_letters(random, 48))).value());
  }
  for (const vault::Secret& secret : secrets) {
    wanted.push_back(flow::wanted_secret(secret, "K", "kswp_PLACEHOLDER_000000000001"));
  }
  return flow::SecretSearch::make(wanted);
}

struct Kind {
  std::string_view name;
  std::string text;
};

std::vector<Kind> kinds() {
  std::mt19937 random(2);
  std::string words;
  std::string json;
  std::string base64;
  std::string bytes;
  std::string prefixes;
  while (words.size() < base::bounds::kReadChunkBytes) {
    words += some_letters(random, 1 + random() % 9) + (random() % 12 == 0 ? ".\n" : " ");
  }
  for (int i = 0; json.size() < base::bounds::kReadChunkBytes; ++i) {
    json += R"({"id":)" + std::to_string(i) + R"(,"name":")" + some_letters(random, 12) +
            R"(","url":"https://api.example.com/v1/items/)" + std::to_string(i) +
            R"(","text":"a \"quoted\" word\nand a line","ok":true},)";
  }
  base64 = some_letters(random, base::bounds::kReadChunkBytes);
  while (bytes.size() < base::bounds::kReadChunkBytes) {
    bytes += static_cast<char>(random());
  }
  while (prefixes.size() < base::bounds::kReadChunkBytes) {
    prefixes += "sk-proj-";
  }
  return {{"words", words},
          {"JSON", json},
          {"base64", base64},
          {"random bytes", bytes},
          {"beginnings of keys", prefixes}};
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

void measure(const flow::SharedSearch& search, const Kind& kind, std::size_t mib) {
  flow::Scrubber scrubber;
  scrubber.use(search);
  Nowhere out;
  const std::size_t times = mib * 1024 * 1024 / kind.text.size();
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < times; ++i) {
    if (!scrubber.feed(kind.text, false, out)) {
      std::abort();
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const double bytes = static_cast<double>(times * kind.text.size());
  std::printf("%-20s %6.2f GB/s\n", std::string(kind.name).c_str(), bytes / took.count() / 1e9);
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
  for (const Kind& kind : kinds()) {
    measure(search, kind, mib);
  }
}
