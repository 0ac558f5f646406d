// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/secret_forms.h"

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"

namespace keyswap::flow {

namespace {

struct Written {
  explicit Written(const std::string& secret)
      : room(FormWriter::room_for(secret.size()), '\0'), writer(room.data()) {
    plain = writer.write_forms(secret, 7);
  }

  [[nodiscard]] bool has(const std::string& text) const {
    return std::ranges::find(writer.forms(), text, &Form::text) != writer.forms().end();
  }

  std::string room;
  FormWriter writer;
  std::string_view plain;
};

}  // namespace

TEST_CASE("a secret has each form once, and none is shorter than a window", "[I8]") {
  for (const std::string& secret :
       {std::string("sk-real key/0001"), std::string(8, '\xff'), std::string("01234567")}) {
    const Written written(secret);
    CHECK(written.plain == secret);
    CHECK(written.has(secret));
    CHECK(written.has(base::to_hex(secret)));
    const auto& forms = written.writer.forms();
    for (std::size_t i = 0; i < forms.size(); ++i) {
      CHECK(forms[i].text.size() >= kFormBytesMin);
      CHECK(forms[i].secret == 7);
      for (std::size_t j = 0; j < i; ++j) {
        CHECK(forms[i].text != forms[j].text);
      }
    }
    CHECK(written.writer.size() <= FormWriter::room_for(secret.size()));
  }
  CHECK(Written("sk-real key/0001").has("sk-real+key/0001"));
  CHECK(Written("sk-real%26key&amp;0001").has("sk-real&key&0001"));
  CHECK_FALSE(Written("%41%42%43%44").has("ABCD"));
  CHECK(Written("%41%42%43%44EFGH").has("ABCDEFGH"));
}

TEST_CASE("a secret with one mark of base64 in it is known in both alphabets", "[I8]") {
  const Written written("abc>abc>abc>");
  CHECK(written.has("YWJjPmFiYz5hYmM+"));
  CHECK(written.has("YWJjPmFiYz5hYmM-"));
  const Written other("abc?abc?abc?");
  CHECK(other.has("YWJjP2FiYz9hYmM/"));
  CHECK(other.has("YWJjP2FiYz9hYmM_"));
}

TEST_CASE("at each alignment base64 has the characters that the secret alone decides", "[I8]") {
  const std::string secret = "k/9+~\xff-secret=?";
  const Written written(secret);
  for (const std::string before : {"", "a", "ab"}) {
    const std::string whole = base::to_base64(before + secret + "zzz");
    const auto stands_in = [&](const Form& form) {
      return form.encoding == Encoding::base64 && whole.find(form.text) != std::string::npos &&
             form.text.size() + 2 >= secret.size() * 4 / 3;
    };
    CHECK(std::ranges::any_of(written.writer.forms(), stands_in));
  }
}

TEST_CASE("a short secret is written as it is, and has no form") {
  std::string room(FormWriter::room_for(7), '\0');
  FormWriter writer(room.data());
  CHECK(writer.write_token("hunter2") == "hunter2");
  CHECK(writer.forms().empty());
  CHECK(writer.size() == 7);
}

}  // namespace keyswap::flow
