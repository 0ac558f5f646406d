// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/scrub.h"

#include <algorithm>
#include <random>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/flow/searches.h"

namespace keyswap::flow {

namespace {

using test::scrubbed;
using test::search_for;

constexpr std::string_view kSecret = "abcabdREALkey0001";
constexpr std::string_view kOther = "abcabdX1";

SharedSearch both() {
  static const SharedSearch made =
      search_for({{std::string(kSecret), "<P>"}, {std::string(kOther), "<Q>"}});
  return made;
}

SharedSearch first() {
  static const SharedSearch made = search_for({{std::string(kSecret), "<P>"}});
  return made;
}

// A scrubber of the first, and where it writes.
struct Scrubbing {
  Scrubbing() { scrubber.use(first()); }

  // What goes on at once.
  std::string feed(std::string_view piece, bool is_last = false) {
    out.clear();
    CHECK(scrubber.feed(piece, is_last, out));
    return std::string(out.view());
  }

  Findings seen;
  Scrubber scrubber{&seen};
  base::Buffer out{64 * 1024};
};

}  // namespace

TEST_CASE("a secret that comes back is its placeholder again, wherever the text is cut", "[I8]") {
  const std::string text = std::string(kSecret) + "abcab" + std::string(kSecret) + "-abc" +
                           std::string(kOther) + std::string(kSecret).substr(0, 16) + "." +
                           std::string(kSecret) + std::string(kSecret);
  const std::string expected = "<P>abcab<P>-abc<Q>abcabdREALkey000.<P><P>";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    CAPTURE(piece);
    CHECK(scrubbed(both(), text, piece) == expected);
  }
}

TEST_CASE("the beginning of a secret at a message's end is not kept for the next", "[I8]") {
  Scrubbing now;
  CHECK(now.feed("abcabdREAL", true) == "abcabdREAL");
  CHECK(now.feed("key0001", true) == "key0001");
}

TEST_CASE("N12 what ends with a word goes on at once, an event of a stream, too") {
  Scrubbing now;
  CHECK(now.feed("hello abcab") == "hello ");
  CHECK(now.feed("c ") == "abcabc ");
  CHECK(now.feed("data: {\"n\": \"50%\"}\n\n") == "data: {\"n\": \"50%\"}\n\n");
  CHECK(now.feed("data: abcabd\n\n") == "data: abcabd\n\n");
  CHECK(now.feed("data: " + std::string(kSecret) + "\r\n\r\n") == "data: <P>\r\n\r\n");
  CHECK(now.feed("a %41\n") == "a %41\n");
}

TEST_CASE("no more than so much of a word is kept, and no escape is cut", "[I10]") {
  Scrubbing now;
  const std::string dots(200, '.');
  CHECK(now.feed(dots).size() == 200 - 96);
  CHECK(now.feed(dots).size() == 200);
  CHECK(now.feed("\n").size() == 97);
  const std::string escape = "&#x00000041;";
  CHECK(now.feed(dots + escape + std::string(90, '.')) == dots);
  CHECK(now.feed(" ") == escape + std::string(90, '.') + " ");
}

TEST_CASE("what is kept back does not tell how much of a guess is right", "[I8]") {
  const std::string secret = "sk-proj-Zq81-and-more-of-it";
  const auto search = search_for({{secret, "<P>"}});
  const auto written = [](const std::string& guess, unsigned how) {
    return how == 0   ? guess
           : how == 1 ? base::to_hex(guess)
           : how == 2 ? test::percent_encoded(guess, true)
                      : test::each(guess, [](char c) { return "\\u00" + test::hex_of(c, true); });
  };
  // What goes on at once of a text that ends with it.
  const auto told = [&](const std::string& text) {
    Scrubber scrubber;
    scrubber.use(search);
    base::Buffer out(64 * 1024);
    CHECK(scrubber.feed("some text, and |" + text, false, out));
    return out.view().size();
  };
  // From all before its last byte to the last but one: each guess of one more byte, right or wrong.
  for (unsigned how = 0; how < 4; ++how) {
    for (std::size_t right = 0; right + 1 < secret.size(); ++right) {
      if (right == 7) {
        continue;  // the first eight are guessed at once, or not
      }
      std::string wrong = secret.substr(0, right + 1);
      wrong.back() = wrong.back() == 'm' ? 'n' : 'm';
      CAPTURE(how, right);
      const std::size_t size_right = told(written(secret.substr(0, right + 1), how));
      CHECK(told(written(wrong, how)) == size_right);
      // And where it is a line of its own behind them.
      const std::string rest = "\nx\n";
      if (right > 8 && how != 1) {
        CHECK(told(written(wrong, how) + rest) ==
              told(written(secret.substr(0, right + 1), how) + rest));
      }
    }
  }
}

TEST_CASE("what is kept back is let go once no form can begin there any more", "[I8]") {
  const std::string secret = "sk-proj-Zq81-and-more-of-it";
  Scrubber scrubber;
  scrubber.use(search_for({{secret, "<P>"}}));
  base::Buffer out(64 * 1024);
  CHECK(scrubber.feed("a sk-proj-?\n", false, out));
  CHECK(out.view() == "a ");
  CHECK(scrubber.feed(std::string(secret.size(), '\n'), false, out));
  CHECK(out.view() == "a sk-proj-?\n" + std::string(secret.size(), '\n'));
}

TEST_CASE("a text in tiny pieces is not searched anew for each of them", "[I8][I10]") {
  std::mt19937 random(9);
  std::string secret;
  while (secret.size() < 2000) {
    secret += static_cast<char>('a' + random() % 26);
  }
  const std::string text =
      test::each(secret, [](char c) { return "&#x000000" + test::hex_of(c, false) + ";"; });
  const auto search = search_for({{secret, "<P>"}});
  Scrubber scrubber;
  scrubber.use(search);
  base::Buffer out(64 * 1024);
  for (const char c : text) {
    CHECK(scrubber.feed(std::string_view(&c, 1), false, out));
  }
  CHECK(scrubber.compared() < 40 * text.size());
  CHECK(scrubber.feed("\n", true, out));
  CHECK(out.view() == "<P>\n");
}

TEST_CASE("without a secret text passes as it is") {
  Scrubber scrubber;
  base::Buffer out(1024);
  CHECK(scrubber.feed(kSecret, false, out));
  CHECK(out.view() == kSecret);
}

TEST_CASE("what is looked for later is found from then on, in what was kept back, too", "[I8]") {
  Scrubbing now;
  CHECK(now.feed("x abcab") == "x ");
  now.scrubber.use(both());
  CHECK(now.feed("dX1 y", true) == "<Q> y");
}

TEST_CASE("P16 a secret is known in every listed form, whatever stands around it", "[I8]") {
  const std::string odd = R"(k/9+~&"<s>'e\c r=?%)";
  const auto search = search_for({{odd, "<P>"}});
  const std::string escaped_all =
      test::each(odd, [](char c) { return "\\u00" + test::hex_of(c, true); });
  for (const std::string& form : {odd,
                                  base::to_hex(odd),
                                  test::each(odd, [](char c) { return test::hex_of(c, true); }),
                                  test::percent_encoded(odd, true),
                                  test::percent_encoded(odd, true, false),
                                  test::percent_encoded(odd, false),
                                  test::percent_encoded(odd, false, false),
                                  test::form_encoded(odd),
                                  test::json_escaped(odd, ""),
                                  test::json_escaped(odd, "/"),
                                  test::json_escaped(odd, "<>&'"),
                                  escaped_all,
                                  test::html_escaped(odd, false),
                                  test::html_escaped(odd, true)}) {
    CAPTURE(form);
    CHECK(scrubbed(search, form) == "<P>");
    CHECK(scrubbed(search, "<" + form + ">") == "<<P>>");
    CHECK(scrubbed(search, "\"a=" + form + "\"") == "\"a=<P>\"");
    for (const std::size_t piece : {1U, 3U, 10U}) {
      CHECK(scrubbed(search, "x " + form + " y", piece) == "x <P> y");
    }
  }
  for (const std::string before : {"", "a", "ab", "abc", "user:"}) {
    for (const std::string after : {"", "z", "zz", ":tail"}) {
      const std::string whole = base::to_base64(before + odd + after);
      const std::string url = base::to_base64url(before + odd + after);
      CAPTURE(before, after, whole);
      // Of the whole no more is left than the characters that the neighbours share.
      CHECK(scrubbed(search, whole).size() <= whole.size() - base::to_base64(odd).size() + 3 + 8);
      CHECK(scrubbed(search, whole).find("<P>") != std::string::npos);
      CHECK(scrubbed(search, url).find("<P>") != std::string::npos);
      CHECK(scrubbed(search, test::percent_encoded(whole, false)).find("<P>") != std::string::npos);
    }
  }
}

TEST_CASE("a secret that looks as if it were escaped is found, and when it is escaped, too",
          "[I8]") {
  const std::string secret = "sk-live/x%26N2&amp;v\\u0041&";
  const auto search = search_for({{secret, "<P>"}});
  for (const std::string& form : {secret,
                                  test::percent_encoded(secret, false),
                                  test::json_escaped(secret, "/"),
                                  test::json_escaped(secret, "&"),
                                  test::html_escaped(secret, false),
                                  test::html_escaped(secret, true)}) {
    CAPTURE(form);
    CHECK(scrubbed(search, "x " + form + " y") == "x <P> y");
    CHECK(scrubbed(search, "x " + form + " y", 1) == "x <P> y");
  }
}

TEST_CASE("what stands before a secret hides no byte of it in an escape of another kind", "[I8]") {
  const auto search = search_for({{"abcd/efgh12345678", "<P>"}, {"nabc&def12345678", "<Q>"}});
  const std::string text = R"({"x":"%abcd\/efgh12345678","y":"\nabc&amp;def12345678"} )";
  const std::string expected = R"({"x":"%<P>","y":"\<Q>"} )";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    CAPTURE(piece);
    CHECK(scrubbed(search, text, piece) == expected);
  }
}

TEST_CASE("a short secret is taken out where it is a whole token, however the text is cut",
          "[I8]") {
  const auto search = search_for({{"status", "<P>"}, {"12345", "<Q>"}});
  const std::string text = "{\"statuses\":\"status\",n:12345,m:123456,x-status} 12345";
  const std::string expected = "{\"statuses\":\"<P>\",n:<Q>,m:123456,x-status} <Q>";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    CAPTURE(piece);
    CHECK(scrubbed(search, text, piece) == expected);
  }
}

TEST_CASE("a message begins anew, whatever the one before it ended with", "[I8]") {
  Scrubber scrubber;
  scrubber.use(search_for({{"status", "<P>"}}));
  base::Buffer out(1024);
  // Of a long word the beginning goes on at once.
  CHECK(scrubber.feed(std::string(200, 'x'), false, out));
  CHECK(scrubber.feed("", true, out));
  CHECK(out.view() == std::string(200, 'x'));
  CHECK(scrubber.feed("status", true, out));
  CHECK(out.view() == std::string(200, 'x') + "<P>");
}

TEST_CASE("I15 however a text is cut, the same comes out, and no form of a secret in it",
          "[I8][I15]") {
  std::mt19937 random(3);
  const std::string letters = "abc\\\"%&u0041;#x+/= -_";
  const auto some_text = [&](std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
      text += letters[random() % letters.size()];
    }
    return text;
  };
  for (int round = 0; round < 400; ++round) {
    const std::vector<test::Looked> secrets = {{some_text(8 + random() % 20), "<P>"},
                                               {some_text(8) + "/+=", "<Q>"},
                                               {some_text(4 + random() % 4), "<R>"}};
    const auto search = search_for(secrets);
    std::string text;
    std::string looked_for;
    for (int i = 0; i < 4; ++i) {
      const std::string& secret = secrets[random() % 2].secret;
      // The blank: what may begin an escape just before a secret may hide its first byte.
      text += some_text(random() % 40) + " ";
      text += random() % 2 == 0 ? secret : test::written_anyhow(secret, random);
      looked_for = secret;
    }
    const auto scrubbed_in = [&](unsigned one_of) {
      Scrubber scrubber;
      scrubber.use(search);
      base::Buffer out(64 * 1024);
      std::size_t begun = 0;
      for (std::size_t at = 1; at < text.size(); ++at) {
        if (random() % one_of == 0) {
          CHECK(scrubber.feed(std::string_view(text).substr(begun, at - begun), false, out));
          begun = at;
        }
      }
      CHECK(scrubber.feed(std::string_view(text).substr(begun), true, out));
      return std::string(out.view());
    };
    CAPTURE(text, secrets[0].secret, secrets[1].secret, secrets[2].secret);
    const std::string whole = scrubbed_in(1'000'000);
    CHECK(whole.find('<') != std::string::npos);
    CHECK(whole.find(secrets[0].secret) == std::string::npos);
    CHECK(whole.find(secrets[1].secret) == std::string::npos);
    for (const unsigned one_of : {1U, 2U, 5U, 17U}) {
      CHECK(scrubbed_in(one_of) == whole);
    }
  }
}

TEST_CASE("P17 a secret whose bytes are escaped anyhow is found, and nothing else is changed",
          "[I8]") {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    std::string secret;
    for (std::size_t i = 0; i < 8 + random() % 40; ++i) {
      secret += static_cast<char>('0' + random() % 75);  // to 'z'
    }
    const auto search = search_for({{secret, "<P>"}});
    const std::string around = "\n\t {}()!,.~$#@^*|";
    std::string text;
    std::string expected;
    for (int i = 0; i < 3; ++i) {
      const std::string some(1 + random() % 5, around[random() % around.size()]);
      text += some + test::written_anyhow(secret, random);
      expected += some + "<P>";
    }
    // A written byte may run together with the one before it: "\" and "x41".
    if (secret.find('\\') == std::string::npos) {
      CAPTURE(secret, text);
      CHECK(scrubbed(search, text) == expected);
      CHECK(scrubbed(search, text, 1) == expected);
      CHECK(scrubbed(search, text, 1 + random() % 20) == expected);
    }
  }
}

TEST_CASE("text without a secret is not changed by a byte") {
  std::mt19937 random(4);
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    text += static_cast<char>(random());
  }
  std::string escapes;
  for (int i = 0; i < 3'000; ++i) {
    escapes += std::string{"%\\&"[random() % 3]} + std::string{"41u00#;x\\/amp"[random() % 13]};
  }
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, text.size()}) {
    CHECK(scrubbed(both(), text, piece) == text);
    CHECK(scrubbed(both(), escapes, piece) == escapes);
  }
}

TEST_CASE("an answer that is one secret behind the other is searched once", "[I8][I10]") {
  std::string text;
  std::string expected;
  while (text.size() < 60'000) {
    text += kOther;
    expected += "<Q>";
  }
  CHECK(scrubbed(both(), text) == expected);
}

TEST_CASE("a text made to be slow is compared byte by byte no more often than another", "[I10]") {
  const std::string secret = std::string(2000, 'a') + "b";
  Scrubber scrubber;
  scrubber.use(search_for({{secret, "<P>"}}));
  base::Buffer out(std::size_t{1} << 20U);
  std::string text;
  while (text.size() < 200'000) {
    text += secret.substr(0, 2000) + "%61" + std::string(1990, 'a') + "\\u0061";
  }
  CHECK(scrubber.feed(text, true, out));
  CHECK(out.view() == text);
  CHECK(scrubber.compared() <= 10 * text.size());
}

TEST_CASE("what was taken out is counted by where and how it was written", "[I8]") {
  Scrubbing now;
  const std::string secret(kSecret);
  now.feed(secret + " " + base::to_hex(secret) + " " + test::percent_encoded(secret, true) + " " +
               secret,
           true);
  base::Buffer out(1024);
  CHECK(now.scrubber.scrub("v " + secret, FoundIn::head, out));
  CHECK(out.view() == "v <P>");
  const auto& list = now.seen.list();
  REQUIRE(list.size() == 4);
  CHECK(list[0].secret == "NAME");
  CHECK(list[0].count == 2);
  CHECK(list[1].encoding == Encoding::hex);
  CHECK(list[2].encoding == Encoding::escaped);
  CHECK(list[3].where == FoundIn::head);
  CHECK(now.scrubber.is_in("x" + secret));
  CHECK_FALSE(now.scrubber.is_in(secret.substr(1)));
  CHECK(now.seen.list()[0].count == 2);
}

}  // namespace keyswap::flow
