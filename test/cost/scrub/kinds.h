// SPDX-License-Identifier: Apache-2.0
//
// Kinds of text that bodies are made of, each as long as what is read at once; and a clock of the
// processor's time, of which other work on the machine takes nothing.
#pragma once

#include <ctime>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/bounds.h"

namespace keyswap::cost {

inline constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

inline std::string some_letters(std::mt19937& random, std::size_t size) {
  std::string text;
  while (text.size() < size) {
    text += kLetters[random() % kLetters.size()];
  }
  return text;
}

struct Kind {
  std::string_view name;
  std::string text;
};

inline std::vector<Kind> kinds() {
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

// Processor seconds since some beginning.
inline double seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

}  // namespace keyswap::cost
