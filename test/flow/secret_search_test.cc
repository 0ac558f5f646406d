// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/secret_search.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/flow/searches.h"

namespace keyswap::flow {

namespace {

using Rest = SecretSearch::Rest;
using Found = SecretSearch::Found;
using test::search_for;

SharedSearch search_of(const std::vector<std::string>& secrets) {
  std::vector<test::Looked> looked;
  for (const auto& secret : secrets) {
    looked.push_back({secret, "<P>"});
  }
  return search_for(looked);
}

Found find(const SecretSearch& search,
           std::string_view text,
           std::size_t from = 0,
           Rest rest = Rest::none) {
  std::uint64_t compared = 0;
  return search.find(text, from, rest, compared);
}

std::vector<Form> forms_of(const SecretSearch& search, std::string& room) {
  std::size_t size = 0;
  for (const auto& known : search.secrets()) {
    size += FormWriter::room_for(known.bytes.size());
  }
  room.resize(size);
  FormWriter writer(room.data());
  for (std::uint32_t i = 0; i < search.secrets().size(); ++i) {
    writer.write_forms(search.secrets()[i].bytes, i);
  }
  return writer.forms();
}

// The same, one place and one form after the other.
Found find_slowly(const std::vector<Form>& forms,
                  std::string_view text,
                  std::size_t from,
                  Rest rest) {
  for (std::size_t at = from; at < text.size(); ++at) {
    const auto here = text.substr(at);
    Found found;
    for (const Form& form : forms) {
      if (rest == Rest::may_follow && here.size() < form.text.size() &&
          form.text.starts_with(here)) {
        return {at, 0};
      }
      if (here.starts_with(form.text) && form.text.size() > found.size) {
        found = {at, form.text.size()};
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
  const auto search = search_of({"abcdefgh", "abcdefghij", "ijklmnop"});
  CHECK(find(*search, "xxabcdefgh-").at == 2);
  CHECK(find(*search, "xxabcdefgh-").size == 8);
  CHECK(find(*search, "xxabcdefghij-").size == 10);
  CHECK(find(*search, "xxabcdefghijklmnop").secret == &search->secrets()[1]);
  CHECK(find(*search, "xxabcdefghijklmnop", 3).at == 10);
  CHECK_FALSE(find(*search, "xxabcdefg").is_something());
  CHECK_FALSE(find(*search, "").is_something());
}

TEST_CASE("where more follows, what may begin at the end is found too", "[I8]") {
  const auto search = search_of({"abcdefgh", "abcdefghij"});
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
  for (int round = 0; round < 600; ++round) {
    const unsigned letters = 1 + random() % 4;
    std::vector<std::string> secrets;
    for (unsigned i = 0; i < 1 + random() % 5; ++i) {
      secrets.push_back(random_text(random, 8 + random() % 24, letters));
      if (random() % 3 == 0) {  // one within another
        secrets.push_back(random_text(random, random() % 6, letters) + secrets.back());
      }
    }
    const auto search = search_of(secrets);
    std::string room;
    const auto forms = forms_of(*search, room);
    std::string text = random_text(random, random() % 60, letters);
    for (unsigned i = 0; i < random() % 4; ++i) {
      const auto form = forms[random() % forms.size()].text;
      text += form.substr(0, 1 + random() % form.size());
    }
    text += forms[random() % forms.size()].text;
    text += random_text(random, random() % 30, letters);
    text.resize(text.size() - random() % 4);
    for (const Rest rest : {Rest::none, Rest::may_follow}) {
      for (std::size_t from = 0; from <= text.size(); ++from) {
        const auto found = find(*search, text, from, rest);
        const auto slowly = find_slowly(forms, text, from, rest);
        if (found.at != slowly.at || found.size != slowly.size) {
          CAPTURE(secrets, text, from, static_cast<int>(rest));
          CHECK(found.at == slowly.at);
          CHECK(found.size == slowly.size);
        }
      }
    }
  }
}

TEST_CASE("no byte of a text is compared more than twice, whoever wrote it", "[I10]") {
  const std::string periodic(base::bounds::kSecretBytesMax / 4, 'a');
  std::string shuffled;
  std::mt19937 random(1);
  for (int i = 0; i < 400; ++i) {
    shuffled += (random() % 3 == 0) ? "ab" : "a";
  }
  const std::vector<std::vector<std::string>> secrets = {
      {periodic + "b"},
      {"Bearer " + periodic, periodic + "c"},
      {shuffled, shuffled.substr(3, 300) + "x"},
      {"sk-proj-same-beginning-0001-its-own", "sk-proj-same-beginning-0002-its-own"}};
  for (const auto& some : secrets) {
    const auto search = search_of(some);
    for (const auto& secret : some) {
      std::string text;
      while (text.size() < 4 * secret.size() + 50'000) {
        text += secret.substr(0, secret.size() - 1) + "-";
        text += secret.substr(0, secret.size() / 2);
      }
      std::uint64_t compared = 0;
      std::size_t from = 0;
      for (auto found = search->find(text, 0, Rest::none, compared); found.is_something();
           found = search->find(text, from, Rest::none, compared)) {
        from = found.at + found.size;
      }
      CHECK(compared <= 2 * text.size());
    }
  }
}

TEST_CASE("a text full of a key's beginning, or of its like, is searched to its end", "[I10]") {
  std::vector<std::string> secrets;
  for (std::size_t i = 0; i < base::bounds::kScrubbedSecretsMax; ++i) {
    secrets.push_back("sk-proj-of-the-same-beginning-" + std::to_string(i) + "-and-its-own-end");
  }
  const auto search = search_of(secrets);
  std::string text;
  while (text.size() < 64 * 1024) {
    text += "sk-proj-of-the-same-beginning-9";
  }
  CHECK_FALSE(find(*search, text).is_something());
  CHECK(find(*search, text + secrets[31]).at == text.size());
}

TEST_CASE("a short secret is found as a whole token, and not in the midst of a word", "[I8]") {
  const auto search = search_of({"hunter2", "abc!"});
  const auto token = [&](std::string_view text, char before = '\0', Rest rest = Rest::none) {
    return search->find_token(text, 0, rest, before);
  };
  CHECK(token("hunter2").size == 7);
  CHECK(token("{\"p\":\"hunter2\"}").at == 6);
  CHECK(token("p=hunter2&x").at == 2);
  CHECK_FALSE(token("hunter22").is_something());
  CHECK_FALSE(token("xhunter2").is_something());
  CHECK_FALSE(token("hunter2", 'x').is_something());
  CHECK(token("hunter2", '=').at == 0);
  CHECK_FALSE(token("my-hunter2").is_something());
  CHECK(token("say abc! now").at == 4);
  CHECK(token("hunter2", '\0', Rest::may_follow).size == 0);
  CHECK(token("x hunt", '\0', Rest::may_follow).at == 2);
  CHECK_FALSE(token("x hunts", '\0', Rest::may_follow).is_something());
  CHECK_FALSE(find(*search, "hunter2").is_something());
}

TEST_CASE("a secret that anybody guesses is not looked for") {
  const auto search = search_of({"abc", ""});
  CHECK(search->secrets().empty());
  CHECK_FALSE(find(*search, "abc").is_something());
  CHECK_FALSE(search->find_token("abc", 0, Rest::none, '\0').is_something());
}

TEST_CASE("a secret of the greatest length is searched for in little more memory than its forms",
          "[I10]") {
  std::string secret;
  std::mt19937 random(5);
  while (secret.size() < base::bounds::kSecretBytesMax) {
    secret += static_cast<char>('!' + random() % 90);
  }
  const auto search = search_of({secret});
  CHECK(search->block().size() <= base::bounds::kHeldPerConnectionBytesMax);
  CHECK(find(*search, "x" + secret + "y").size == secret.size());
}

}  // namespace keyswap::flow
