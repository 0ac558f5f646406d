// SPDX-License-Identifier: Apache-2.0
//
// Runs test/vectors/http/*.txt: hand-made messages with a declared outcome. The format is described
// in test/vectors/http/README.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "test/http/trace.h"
#include "test/support/data.h"

namespace keyswap::http::test {

namespace {

struct Vector {
  std::string name;
  Decoder::Role role = Decoder::Role::request;
  AnswerTo answer_to = AnswerTo::other;
  std::string input;
  std::vector<std::string> outcome;
};

std::string unescape(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    REQUIRE(i + 1 < text.size());
    const char c = text[++i];
    if (c == 'x') {
      REQUIRE(i + 2 < text.size());
      bytes += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
      continue;
    }
    const std::string letters = "rnt0\\s";
    const std::string values("\r\n\t\0\\ ", 6);
    const std::size_t at = letters.find(c);
    REQUIRE(at != std::string::npos);
    bytes += values[at];
  }
  return bytes;
}

void read_line(const std::string& line, std::vector<Vector>& vectors) {
  const auto rest_after = [&line](std::size_t count) {
    return line.size() > count ? line.substr(count) : std::string();
  };
  if (line.rfind("case: ", 0) == 0) {
    vectors.emplace_back();
    vectors.back().name = rest_after(6);
    return;
  }
  if (line.empty() || line[0] == '#') {
    return;
  }
  REQUIRE_FALSE(vectors.empty());
  Vector& vector = vectors.back();
  if (line[0] == '|') {
    vector.input += unescape(rest_after(2));
  } else if (line[0] == '=') {
    vector.outcome.push_back(rest_after(2));
  } else if (line == "role: response") {
    vector.role = Decoder::Role::response;
  } else if (line == "role: response to HEAD") {
    vector.role = Decoder::Role::response;
    vector.answer_to = AnswerTo::head_request;
  } else if (line == "role: response to an upgrade") {
    vector.role = Decoder::Role::response;
    vector.answer_to = AnswerTo::upgrade_request;
  } else {
    INFO(line);
    REQUIRE(line == "role: request");
  }
}

std::vector<Vector> read_vectors() {
  const std::filesystem::path folder = keyswap::test::tree_path("test/vectors/http");
  std::vector<Vector> vectors;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".txt") {
      continue;
    }
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      read_line(line, vectors);
    }
  }
  return vectors;
}

std::vector<std::string> run(const Vector& vector, const Cut& cut) {
  return trace(vector.role, vector.input, cut, [&vector](Decoder& decoder) {
    decoder.expect(vector.answer_to);
  });
}

bool concerns(const Vector& vector, const std::string& group) {
  return vector.name.rfind(group, 0) == 0;
}

void check_group(const std::string& group) {
  std::size_t seen = 0;
  for (const Vector& vector : read_vectors()) {
    if (!concerns(vector, group)) {
      continue;
    }
    ++seen;
    INFO(vector.name);
    CHECK(run(vector, whole) == vector.outcome);
  }
  CHECK(seen > 0);
}

}  // namespace

TEST_CASE("HF-01 Content-Length vectors have their declared outcome", "[I9]") {
  check_group("HF-01");
}

TEST_CASE("HF-02 Transfer-Encoding vectors have their declared outcome", "[I9]") {
  check_group("HF-02");
}

TEST_CASE("HF-03 chunked body vectors have their declared outcome", "[I9]") {
  check_group("HF-03");
}

TEST_CASE("HF-04 A11 A22 C21 start line, Host and field vectors have their declared outcome",
          "[I9]") {
  check_group("HF-04");
}

TEST_CASE("HP-01 HP-02 HP-03 C02 request vectors have their declared outcome", "[I9]") {
  check_group("HP-01");
  check_group("HP-02");
  check_group("HP-03");
}

TEST_CASE("HP-04 HP-08 HP-09 HP-12 response vectors have their declared outcome", "[I9]") {
  check_group("HP-04");
  check_group("HP-08");
  check_group("HP-09");
  check_group("HP-12");
}

TEST_CASE("HF-05 every vector has the same outcome whole, byte by byte and between CR and LF",
          "[I9][I15]") {
  for (const Vector& vector : read_vectors()) {
    INFO(vector.name);
    CHECK(run(vector, bytewise) == vector.outcome);
    CHECK(run(vector, [&vector](std::size_t left) {
            const std::size_t at = vector.input.size() - left;
            const std::size_t cr = vector.input.find('\r', at);
            return cr == std::string::npos ? left : cr + 1 - at;
          }) == vector.outcome);
  }
}

TEST_CASE("HF-05 every vector has the same outcome at every single cut", "[I15]") {
  for (const Vector& vector : read_vectors()) {
    INFO(vector.name);
    for (std::size_t at = 1; at < vector.input.size(); ++at) {
      CHECK(run(vector, [&vector, at](std::size_t left) {
              return left == vector.input.size() ? at : left;
            }) == vector.outcome);
    }
  }
}

TEST_CASE("HF-05 every vector has the same outcome at random cuts", "[I15]") {
  std::mt19937 random(20261122);  // NOLINT(cert-msc51-cpp): a failure must be repeatable
  for (const Vector& vector : read_vectors()) {
    INFO(vector.name);
    for (int round = 0; round < 20; ++round) {
      CHECK(run(vector, [&random](std::size_t left) {
              return std::min<std::size_t>(left, 1 + random() % 24);
            }) == vector.outcome);
    }
  }
}

TEST_CASE("the vectors are many and have names of their own") {
  std::vector<std::string> names;
  for (const Vector& vector : read_vectors()) {
    INFO(vector.name);
    CHECK_FALSE(vector.outcome.empty());
    names.push_back(vector.name);
  }
  CHECK(names.size() >= 120);
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

}  // namespace keyswap::http::test
