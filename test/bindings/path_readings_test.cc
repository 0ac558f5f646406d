// SPDX-License-Identifier: Apache-2.0
#include "bindings/path_readings.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <random>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "bindings/bounds.h"
#include "bindings/glob.h"
#include "bindings/path_pattern.h"
#include "proxy/base/bounds.h"
#include "proxy/base/utf8.h"

namespace keyswap::bindings {

namespace {

bool reads_as(std::string_view path, std::string_view reading) {
  const auto readings = path_readings(path);
  return std::find(readings.begin(), readings.end(), reading) != readings.end();
}

// --- the readings once more, written as plainly as can be and without regard to time ---

std::string replaced(std::string text, std::size_t at, std::size_t size, const std::string& by) {
  return text.replace(at, size, by);
}

bool is_hex(char c) {
  return std::string_view("0123456789abcdefABCDEF").find(c) != std::string_view::npos;
}

std::string model_decode(const std::string& path, bool unreserved_only) {
  std::string result;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%' && i + 2 < path.size() && is_hex(path[i + 1]) && is_hex(path[i + 2])) {
      const char byte = static_cast<char>(std::stoi(path.substr(i + 1, 2), nullptr, 16));
      const bool is_plain =
          std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
              .find(byte) != std::string_view::npos;
      if (is_plain || !unreserved_only) {
        result += byte;
        i += 2;
        continue;
      }
    }
    result += path[i];
  }
  return result;
}

// Of paths that begin with a slash; segment by segment.
std::string model_without_dots(const std::string& path) {
  if (path.find("/.") == std::string::npos) {
    return path;
  }
  std::vector<std::string> kept;
  std::istringstream in(path + "/");
  std::string segment;
  std::getline(in, segment, '/');
  const std::string before = segment;  // what stands before the first slash
  std::vector<std::string> all;
  while (std::getline(in, segment, '/')) {
    all.push_back(segment);
  }
  bool is_relative = true;  // what stands before is still there
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool is_last = i + 1 == all.size();
    if (all[i] == "..") {
      if (kept.empty()) {
        is_relative = false;
      } else {
        kept.pop_back();
      }
    } else if (all[i] != ".") {
      kept.push_back(all[i]);
    }
    if (is_last && (all[i] == "." || all[i] == "..")) {
      kept.emplace_back();
    }
  }
  std::string result = is_relative ? before : "";
  for (const auto& one : kept) {
    result += "/" + one;
  }
  return result;
}

std::string model_merged(std::string path) {
  for (auto at = path.find("//"); at != std::string::npos; at = path.find("//")) {
    path = replaced(path, at, 2, "/");
  }
  return path;
}

std::string model_without_parameters(std::string path) {
  for (auto at = path.find(';'); at != std::string::npos; at = path.find(';')) {
    const auto end = std::min(path.find('/', at), path.size());
    path = replaced(path, at, end - at, "");
  }
  return path;
}

std::string model_with_slashes(std::string path) {
  for (auto at = path.find('\\'); at != std::string::npos; at = path.find('\\')) {
    path = replaced(path, at, 1, "/");
  }
  return path;
}

std::string model_cut(const std::string& path) {
  return path.substr(0, path.find_first_of(std::string("?#\0", 3)));
}

// Only what the random paths below can hold: two bytes that begin with c0, c1 or e0, f0.
std::string model_overlong(std::string path) {
  const auto code_at = [&](std::size_t at, std::size_t size) {
    unsigned code = 0;
    for (std::size_t i = 1; i < size; ++i) {
      code = code * 64 + (static_cast<unsigned char>(path[at + i]) % 64);
    }
    return code;
  };
  for (std::size_t at = 0; at < path.size(); ++at) {
    if (const auto valid = base::read_utf8(std::string_view(path).substr(at)).bytes; valid > 0) {
      at += valid - 1;
      continue;
    }
    const unsigned lead = static_cast<unsigned char>(path[at]);
    const std::size_t size = lead == 0xc0 || lead == 0xc1 ? 2
                             : lead == 0xe0               ? 3
                             : lead == 0xf0               ? 4
                                                          : 0;
    if (size == 0 || at + size > path.size()) {
      continue;
    }
    const unsigned code = code_at(at, size) + (lead == 0xc1 ? 64 : 0);
    if (code < (size == 2   ? 0x80U
                : size == 3 ? 0x800U
                            : 0x10000U) &&
        (code < 0xd800 || code > 0xdfff)) {
      std::string character;
      base::append_utf8(code, character);
      path = replaced(path, at, size, character);
      at += character.size() - 1;
    }
  }
  return path;
}

std::string model_valid_only(std::string path) {
  for (std::size_t at = 0; at < path.size();) {
    const auto valid = base::read_utf8(std::string_view(path).substr(at)).bytes;
    if (valid == 0) {
      path = replaced(path, at, 1, "");
    }
    at += valid;
  }
  return path;
}

std::string model_narrow(std::string path) {
  for (char c = '!'; c <= '~'; ++c) {
    std::string wide;
    base::append_utf8(0xff01U + static_cast<unsigned>(c - '!'), wide);
    for (auto at = path.find(wide); at != std::string::npos; at = path.find(wide)) {
      path = replaced(path, at, wide.size(), std::string(1, c));
    }
  }
  return path;
}

// Nothing when there are more than `most`.
std::set<std::string> model_readings(const std::string& path, std::size_t most) {
  const std::vector<std::function<std::string(const std::string&)>> ways = {
      [](const std::string& text) { return model_decode(text, false); },
      [](const std::string& text) { return model_decode(text, true); },
      model_without_dots,
      model_merged,
      model_without_parameters,
      model_with_slashes,
      model_cut,
      model_overlong,
      model_valid_only,
      model_narrow};
  std::set<std::string> found = {path};
  std::deque<std::string> left = {path};
  while (!left.empty()) {
    for (const auto& way : ways) {
      const auto reading = way(left.front());
      if (found.insert(reading).second) {
        left.push_back(reading);
      }
      if (found.size() > most) {
        return {};
      }
    }
    left.pop_front();
  }
  return found;
}

// Pieces that give readings rather than bytes, so that short paths have many.
std::string random_path(std::mt19937& random) {
  static const std::vector<std::string> kPieces = {
      "a",   "b",     ".",     "..",     "/",      "//",        "/../",      "/./",       ";",
      ";x",  "\\",    "%2e",   "%2f",    "%5c",    "%3b",       "%3f",       "%23",       "%25",
      "2e",  "%252f", "%61",   "%c0%ae", "%c1%9c", "%e0%80%af", "%ff",       "%e4%bd%a0", "%c0",
      "%80", "%41",   "%2500", "%2541",  "%zz",    "%",         "%ef%bc%8e", "%ef%bc%8f", "~"};
  std::string path = "/";
  for (std::size_t count = random() % 7; count > 0; --count) {
    path += kPieces[random() % kPieces.size()];
  }
  return path;
}

}  // namespace

TEST_CASE("the readings of a path") {
  CHECK(path_readings("/v1/x") == std::vector<std::string>{"/v1/x"});
  CHECK(path_readings("/a.b/..c/.d") == std::vector<std::string>{"/a.b/..c/.d"});
  CHECK(path_readings("/a/%2E%2e%2Fb").front() == "/a/%2E%2e%2Fb");
  CHECK(reads_as("/a/%2E%2e%2Fb", "/b"));
  CHECK(reads_as("/a/%252e%252e/b", "/b"));
  CHECK(reads_as("/a//b", "/a/b"));
  CHECK(reads_as("/a;x/b;y", "/a/b"));
  CHECK(reads_as("/a\\b", "/a/b"));
  CHECK(reads_as("/a/b/..", "/a/"));
  CHECK(reads_as("/..", "/"));
  CHECK(reads_as("/a/.", "/a/"));
  CHECK(reads_as("/a//../b", "/a/b"));
  CHECK(reads_as("/a//../b", "/b"));
  CHECK(reads_as("/a%3fb/c", "/a"));
  CHECK(reads_as("/a%2523b", "/a"));
  CHECK(reads_as("/a%2500b", "/a"));
  CHECK(reads_as("/a/%c0%ae%c0%ae/b", "/b"));
  CHECK(reads_as("/a/%fc%80%80%80%80%af", "/a//"));
  CHECK(reads_as("/a%ffb", "/ab"));
  CHECK(reads_as("/%ef%bc%8e%ef%bc%8e", "/.."));
  CHECK(path_readings("/%zz%4") == std::vector<std::string>{"/%zz%4"});
}

TEST_CASE("has_other_readings is true exactly when there are some") {
  const auto* const path = GENERATE("/",
                                    "/a",
                                    "/a.b",
                                    "/a..b",
                                    "/...",
                                    "/.a",
                                    "/..a",
                                    "/a.",
                                    "/a..",
                                    "/a/.b/c",
                                    "/.",
                                    "/..",
                                    "/./a",
                                    "/../a",
                                    "/a/.",
                                    "/a/..",
                                    "/a/./b",
                                    "/a/../b",
                                    "//",
                                    "/a//b",
                                    "/a;b",
                                    "/a\\b",
                                    "/a?b",
                                    "/a#",
                                    "/%41",
                                    "/a*b");
  INFO(path);
  CHECK(has_other_readings(path) == (path_readings(path).size() != 1));
}

TEST_CASE("what has no other readings has none, on random paths") {
  std::mt19937 random(2);  // NOLINT(cert-msc51-cpp): the same cases every time
  constexpr std::string_view kBytes = "a./%2e;\\f";
  for (int i = 0; i < 20'000; ++i) {
    std::string path = "/";
    for (std::size_t length = random() % 10; length > 0; --length) {
      path += kBytes[random() % kBytes.size()];
    }
    INFO(path);
    const auto readings = path_readings(path);
    REQUIRE((has_other_readings(path) || readings.size() == 1));
    for (const auto& reading : readings) {  // closed: reading again gives nothing new
      for (const auto& again : path_readings(reading)) {
        REQUIRE(std::find(readings.begin(), readings.end(), again) != readings.end());
      }
    }
  }
}

TEST_CASE("the readings are those of a plain model, on random paths") {
  std::mt19937 random(3);  // NOLINT(cert-msc51-cpp): the same cases every time
  int compared = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto path = random_path(random);
    INFO(path);
    const auto readings = path_readings(path);
    const auto expected = model_readings(path, base::bounds::kPathReadingsMax);
    REQUIRE(readings.empty() == expected.empty());
    REQUIRE(std::set<std::string>(readings.begin(), readings.end()) == expected);
    compared += expected.size() > 3 ? 1 : 0;
  }
  CHECK(compared > 5000);
}

TEST_CASE("a rule allows what the model allows in all readings, and nothing else", "[I5]") {
  std::mt19937 random(4);  // NOLINT(cert-msc51-cpp): the same cases every time
  const std::vector<std::string> globs = {"/**", "/a/**", "/*", "/a*", "/a/*", "/**/b", "/*/b"};
  int allowed = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto path = random_path(random);
    const auto expected = model_readings(path, base::bounds::kPathReadingsMax);
    const PathPattern pattern(globs[random() % globs.size()]);
    INFO(path << " " << pattern.text());
    const bool is_allowed =
        !expected.empty() && std::all_of(expected.begin(), expected.end(), [&](const auto& one) {
          return base::is_utf8(one) && glob_matches(pattern.text(), one, Star::within_segment);
        });
    SearchBudget budget;
    REQUIRE(pattern.allows(PathReadings(path), budget) == is_allowed);
    allowed += is_allowed ? 1 : 0;
  }
  CHECK(allowed > 300);
}

TEST_CASE("readings are bounded in number and in bytes", "[I10]") {
  std::string long_path = "/";
  while (long_path.size() + 8 < base::bounds::kTargetBytesMax) {
    long_path += "%2541;//";
  }
  CHECK(path_readings(long_path).empty());
  CHECK(PathReadings(long_path).are_too_many());
  CHECK_FALSE(PathReadings(long_path).all([](std::string_view) { return true; }));
  CHECK(PathReadings(long_path).any([](std::string_view) { return false; }));
  std::string plain = "/" + std::string(base::bounds::kTargetBytesMax - 4, 'a') + "%41";
  CHECK(path_readings(plain).size() == 2);
}

}  // namespace keyswap::bindings
