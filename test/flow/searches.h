// SPDX-License-Identifier: Apache-2.0
//
// What the tests of scrubbing share: searches for secrets that are written down, and how texts of
// the web write a secret.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/flow/known_secrets.h"
#include "proxy/flow/scrub.h"
#include "proxy/flow/secret_search.h"
#include "vault/secret.h"

namespace keyswap::test {

using namespace flow;  // what they are about

inline vault::Secret secret_of(std::string_view text) {
  REQUIRE(vault::lock_memory());
  return vault::Secret::copy_of(text).value();
}

struct Looked {
  std::string secret;
  std::string placeholder;
};

inline SharedSearch search_for(const std::vector<Looked>& secrets) {
  std::vector<vault::Secret> kept;
  std::vector<WantedSecret> wanted;
  kept.reserve(secrets.size());
  for (const Looked& one : secrets) {
    kept.push_back(secret_of(one.secret));
    wanted.push_back(wanted_secret(kept.back(), "NAME", one.placeholder));
  }
  auto search = SecretSearch::make(wanted);
  REQUIRE(search != nullptr);
  return search;
}

// `text` in pieces of that size.
inline std::string scrubbed(const SharedSearch& search, std::string_view text, std::size_t piece) {
  Scrubber scrubber;
  scrubber.use(search);
  base::Buffer out(std::size_t{8} * 1024 * 1024);
  while (text.size() > piece) {
    CHECK(scrubber.feed(text.substr(0, piece), false, out));
    text.remove_prefix(piece);
  }
  CHECK(scrubber.feed(text, true, out));
  return std::string(out.view());
}

inline std::string scrubbed(const SharedSearch& search, std::string_view text) {
  return scrubbed(search, text, text.size());
}

// --- how a byte may be written ---

inline std::string hex_of(char c, bool is_upper) {
  const char* const digits = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return {digits[byte >> 4U], digits[byte & 0xFU]};
}

inline std::string percent(char c, bool is_upper = true) {
  return "%" + hex_of(c, is_upper);
}

inline bool is_unreserved(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

template <typename Write>
std::string each(std::string_view text, Write write) {
  std::string out;
  for (const char c : text) {
    out += write(c);
  }
  return out;
}

inline std::string percent_encoded(std::string_view text, bool is_all, bool is_upper = true) {
  return each(text, [&](char c) {
    return is_all || !is_unreserved(c) ? percent(c, is_upper) : std::string(1, c);
  });
}

inline std::string form_encoded(std::string_view text) {
  return each(text, [](char c) {
    return c == ' ' ? "+" : is_unreserved(c) ? std::string(1, c) : percent(c);
  });
}

// ASCII; what has to be escaped, and what some encoders escape besides.
inline std::string json_escaped(std::string_view text, std::string_view besides) {
  return each(text, [&](char c) -> std::string {
    if (c == '"' || c == '\\') {
      return std::string("\\") + c;
    }
    if (c == '/' && besides.find('/') != std::string_view::npos) {
      return "\\/";
    }
    return besides.find(c) != std::string_view::npos || c < ' ' ? "\\u00" + hex_of(c, false)
                                                                : std::string(1, c);
  });
}

inline std::string html_escaped(std::string_view text, bool is_numeric) {
  return each(text, [&](char c) -> std::string {
    if (std::string_view("&<>\"'").find(c) == std::string_view::npos) {
      return {c};
    }
    if (is_numeric) {
      return "&#" + std::to_string(static_cast<int>(c)) + ";";
    }
    return c == '&'   ? "&amp;"
           : c == '<' ? "&lt;"
           : c == '>' ? "&gt;"
           : c == '"' ? "&quot;"
                      : "&#x27;";
  });
}

// Each byte in some way, by chance.
inline std::string written_anyhow(std::string_view text, std::mt19937& random) {
  return each(text, [&](char c) -> std::string {
    switch (random() % 6) {
      case 0:
        return percent(c, random() % 2 == 0);
      case 1:
        return "\\u00" + hex_of(c, random() % 2 == 0);
      case 2:
        return "&#" + std::to_string(static_cast<int>(c)) + ";";
      case 3:
        return "&#x" + hex_of(c, random() % 2 == 0) + ";";
      case 4:
        return "\\x" + hex_of(c, true);
      default:
        return {c};
    }
  });
}

}  // namespace keyswap::test
