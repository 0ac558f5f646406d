// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/filter.h"

#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/buffer.h"

namespace keyswap::flow {

namespace {

// Writes `to` for each `from` of two letters; keeps the first letter back.
class Pairs final : public Filter {
 public:
  Pairs(std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}

  base::Status feed(std::string_view piece, bool is_last, base::ByteSink& out) override {
    std::string text = kept_ + std::string(piece);
    kept_.clear();
    std::string changed;
    while (!text.empty()) {
      const bool is_cut = text.size() == 1 && text[0] == from_[0] && !is_last;
      if (is_cut) {
        kept_ = text;
        break;
      }
      const bool is_here = text.starts_with(from_);
      changed += is_here ? to_ : text.substr(0, 1);
      text.erase(0, is_here ? 2 : 1);
    }
    return out.append(changed) ? base::Status{} : base::Error{base::Errc::limit_exceeded, "full"};
  }

 private:
  std::string from_;
  std::string to_;
  std::string kept_;
};

// Says how long the body was when it is over.
class Length final : public Filter {
 public:
  base::Status feed(std::string_view piece, bool is_last, base::ByteSink& out) override {
    bytes_ += piece.size();
    const std::string end = is_last ? ":" + std::to_string(bytes_) : "";
    return out.append(piece) && out.append(end) ? base::Status{}
                                                : base::Error{base::Errc::limit_exceeded, "full"};
  }

 private:
  std::size_t bytes_ = 0;
};

FilterChain three_stages() {
  FilterChain chain;
  chain.add(std::make_unique<Pairs>("ab", "c"));
  chain.add(std::make_unique<Pairs>("cd", "ee"));
  chain.add(std::make_unique<Length>());
  return chain;
}

std::string fed(FilterChain& chain, const std::vector<std::string>& pieces) {
  base::Buffer out(1024);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    CHECK(chain.feed(pieces[i], i + 1 == pieces.size(), out));
  }
  return std::string(out.view());
}

std::vector<std::string> cut(const std::string& text, const std::vector<std::size_t>& cuts) {
  std::vector<std::string> pieces;
  std::size_t at = 0;
  for (const std::size_t next : cuts) {
    pieces.push_back(text.substr(at, next - at));
    at = next;
  }
  pieces.push_back(text.substr(at));
  return pieces;
}

}  // namespace

TEST_CASE("without a filter a body passes as it is") {
  FilterChain chain;
  CHECK(chain.is_empty());
  CHECK(fed(chain, {"ab", "", "cd"}) == "abcd");
}

TEST_CASE("what one filter gives the next one takes, wherever the body is cut") {
  const std::string text = "xabdabcdaabdc-a";
  const std::string expected = "xeeceeaeec-a:12";
  auto whole = three_stages();
  CHECK(fed(whole, {text}) == expected);
  std::vector<std::string> bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    bytes.push_back(text.substr(at, 1));
    auto chain = three_stages();
    CHECK(fed(chain, cut(text, {at})) == expected);
  }
  auto one_by_one = three_stages();
  CHECK(fed(one_by_one, bytes) == expected);
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::size_t> cuts;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (random() % 3 == 0) {
        cuts.push_back(at);
      }
    }
    auto chain = three_stages();
    CHECK(fed(chain, cut(text, cuts)) == expected);
  }
}

TEST_CASE("the end reaches every filter though the last piece is empty") {
  auto chain = three_stages();
  CHECK(fed(chain, {"xa", ""}) == "xa:2");
}

TEST_CASE("what is in no doubt goes through all filters at once") {
  auto chain = three_stages();
  base::Buffer out(64);
  CHECK(chain.feed("xya", false, out));
  CHECK(out.view() == "xy");
  CHECK(chain.feed("z", false, out));
  CHECK(out.view() == "xyaz");
}

TEST_CASE("a filter that finds no room fails the chain", "[I10]") {
  auto chain = three_stages();
  base::Buffer out(3);
  CHECK(chain.feed("xxx", false, out));
  CHECK(chain.feed("x", false, out).error().code == base::Errc::limit_exceeded);
  FilterChain none;
  CHECK_FALSE(none.feed("x", false, out));
}

}  // namespace keyswap::flow
