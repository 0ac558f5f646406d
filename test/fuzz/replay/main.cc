// SPDX-License-Identifier: Apache-2.0
//
// A fuzz target without libFuzzer, for builds that have none: every seed of a folder, then so many
// scripts made of pieces of them and of chance, always the same ones.
//   session_replay FOLDER COUNT [FIRST]
// KEYSWAP_REPLAY_SHOW=1 says which script runs; FIRST begins with that one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kStepBytes = 3;

using Script = std::vector<std::uint8_t>;

void run(const Script& script) {
  LLVMFuzzerTestOneInput(script.data(), script.size());
}

std::vector<Script> read_seeds(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Script> seeds;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return seeds;
}

// Steps of seeds, with others by chance between them and in their place.
Script make_script(const std::vector<Script>& seeds, std::mt19937& chance) {
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(chance);
  };
  const auto byte = [&] {
    return static_cast<std::uint8_t>(below(256));
  };
  Script script = {byte()};
  for (std::size_t part = 0; part <= below(3); ++part) {
    const Script& seed = seeds[below(seeds.size())];
    for (std::size_t at = 1; at + kStepBytes <= seed.size(); at += kStepBytes) {
      const std::size_t how = below(8);
      if (how < 7) {
        script.insert(script.end(),
                      seed.begin() + static_cast<std::ptrdiff_t>(at),
                      seed.begin() + static_cast<std::ptrdiff_t>(at + kStepBytes));
      }
      if (how == 0) {
        script.back() = byte();
      }
      if (how >= 5) {
        script.insert(script.end(), {byte(), byte(), byte()});
      }
    }
  }
  return script;
}

}  // namespace

int main(int count, char** words) {
  if (count != 3 && count != 4) {
    static_cast<void>(std::fprintf(stderr, "usage: session_replay FOLDER COUNT [FIRST]\n"));
    return 2;
  }
  const auto seeds = read_seeds(words[1]);
  if (seeds.empty()) {
    static_cast<void>(std::fprintf(stderr, "%s has no seeds\n", words[1]));
    return 1;
  }
  for (const Script& seed : seeds) {
    run(seed);
  }
  const long scripts = std::strtol(words[2], nullptr, 10);
  const bool shows = std::getenv("KEYSWAP_REPLAY_SHOW") != nullptr;
  const long first = count == 4 ? std::strtol(words[3], nullptr, 10) : 0;
  for (long i = first; i < first + scripts; ++i) {
    std::mt19937 chance(static_cast<std::uint32_t>(i));
    const Script script = make_script(seeds, chance);
    if (shows) {
      static_cast<void>(std::fprintf(stderr, "script %ld, %zu bytes\n", i, script.size()));
    }
    run(script);
  }
  return 0;
}
