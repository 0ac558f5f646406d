// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/secret_search.h"

#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/flow/secret_forms.h"

namespace keyswap::flow {

namespace {

using Rest = SecretSearch::Rest;
using Found = SecretSearch::Found;

SharedForms forms_of(std::string_view text) {
  REQUIRE(vault::lock_memory());
  const auto forms = write_forms(vault::Secret::copy_of(text).value(), "<P>");
  REQUIRE(forms != nullptr);
  return forms;
}

std::shared_ptr<const SecretSearch> search_for(const std::vector<std::string>& secrets) {
  std::vector<SharedForms> forms;
  for (const auto& secret : secrets) {
    forms.push_back(forms_of(secret));
  }
  auto search = SecretSearch::make(std::move(forms));
  REQUIRE(search != nullptr);
  return search;
}

Found find(const SecretSearch& search,
           std::string_view text,
           std::size_t from = 0,
           Rest rest = Rest::none) {
  auto allowance = SecretSearch::allowance_for(text.size());
  const auto found = search.find(text, from, rest, allowance);
  CHECK(allowance.bytes > 0);
  return found;
}

// The same, one place and one form after the other.
Found find_slowly(const SecretSearch& search, std::string_view text, std::size_t from, Rest rest) {
  for (std::size_t at = from; at < text.size(); ++at) {
    const auto here = text.substr(at);
    Found found;
    for (const auto& secret : search.secrets()) {
      for (const auto form : secret->texts) {
        if (rest == Rest::may_follow && here.size() < form.size() && form.starts_with(here)) {
          return {at, 0, nullptr};
        }
        if (here.starts_with(form) && form.size() > found.size) {
          found = {at, form.size(), secret.get()};
        }
      }
    }
    if (found.is_something()) {
      return found;
    }
  }
  return {};
}

std::string random_text(std::mt19937& random, std::size_t size, unsigned letters) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += static_cast<char>('a' + random() % letters);
  }
  return text;
}

}  // namespace

TEST_CASE("the first form in a text is found, and of several there the longest", "[I8]") {
  const auto search = search_for({"abcdefgh", "abcdefghij", "ijklmnop"});
  CHECK(find(*search, "xxabcdefgh-").at == 2);
  CHECK(find(*search, "xxabcdefgh-").size == 8);
  CHECK(find(*search, "xxabcdefghij-").size == 10);
  CHECK(find(*search, "xxabcdefghijklmnop").secret == search->secrets()[1].get());
  CHECK(find(*search, "xxabcdefghijklmnop", 3).at == 10);
  CHECK_FALSE(find(*search, "xxabcdefg").is_something());
  CHECK_FALSE(find(*search, "").is_something());
}

TEST_CASE("where more follows, what may begin at the end is found too", "[I8]") {
  const auto search = search_for({"abcdefgh", "abcdefghij"});
  for (std::size_t size = 1; size < 10; ++size) {
    const auto text = "xx" + std::string("abcdefghij").substr(0, size);
    CAPTURE(text);
    CHECK(find(*search, text, 0, Rest::may_follow).at == 2);
    CHECK(find(*search, text, 0, Rest::may_follow).size == 0);
  }
  CHECK(find(*search, "xxabcdefgh-", 0, Rest::may_follow).size == 8);
  CHECK_FALSE(find(*search, "xxabcdefx", 0, Rest::may_follow).is_something());
}

TEST_CASE("it finds what a search for one form after the other finds", "[I8]") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const unsigned letters = 1 + random() % 4;
    std::vector<std::string> secrets;
    for (unsigned i = 0; i < 1 + random() % 5; ++i) {
      secrets.push_back(random_text(random, 8 + random() % 12, letters));
    }
    const auto search = search_for(secrets);
    std::string text = random_text(random, random() % 60, letters);
    const auto& some = search->secrets()[random() % search->secrets().size()]->texts;
    text += some[random() % some.size()];
    text += random_text(random, random() % 30, letters);
    text.resize(text.size() - random() % 4);
    for (const Rest rest : {Rest::none, Rest::may_follow}) {
      for (std::size_t from = 0; from <= text.size(); ++from) {
        const auto found = find(*search, text, from, rest);
        const auto slowly = find_slowly(*search, text, from, rest);
        CHECK(found.at == slowly.at);
        CHECK(found.size == slowly.size);
      }
    }
  }
}

TEST_CASE("a text made to be slow uses up what may be compared", "[I10]") {
  const std::string periodic(base::bounds::kSecretBytesMax, 'a');
  const auto search = search_for({periodic + "b"});
  std::string text;
  for (int i = 0; i < 4; ++i) {
    text += std::string(base::bounds::kSecretBytesMax - 1, 'a') + "-";
  }
  auto allowance = SecretSearch::allowance_for(text.size());
  CHECK_FALSE(search->find(text, 0, Rest::none, allowance).is_something());
  CHECK(allowance.bytes == 0);
}

TEST_CASE("a text full of a key's beginning, or of its like, is searched to its end", "[I10]") {
  std::vector<std::string> secrets;
  for (std::size_t i = 0; i < base::bounds::kScrubbedSecretsMax; ++i) {
    secrets.push_back("sk-proj-of-the-same-beginning-" + std::to_string(i) + "-and-its-own-end");
  }
  const auto search = search_for(secrets);
  std::string text;
  while (text.size() < 64 * 1024) {
    text += "sk-proj-of-the-same-beginning-9";
  }
  CHECK_FALSE(find(*search, text).is_something());
  CHECK(find(*search, text + secrets[31]).at == text.size());
}

}  // namespace keyswap::flow
