// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/xml_text.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::vault {

namespace {

std::string text_at(std::string_view xml, std::string_view path) {
  const auto text = xml_text(xml, path);
  return text ? std::string(*text) : "(none)";
}

}  // namespace

TEST_CASE("the text of an element is found by the names that lead to it") {
  constexpr std::string_view kXml =
      "<?xml version=\"1.0\"?>\n<A xmlns=\"https://a/b\">\n  <B>\n    <C>one</C>\n    <D x='1' "
      "y=\"2\">two</D><E/>\n  </B>\n  <C>three</C>\n</A>\n";
  CHECK(text_at(kXml, "/A/B/C") == "one");
  CHECK(text_at(kXml, "/A/B/D") == "two");
  CHECK(text_at(kXml, "/A/B/E").empty());
  CHECK(text_at(kXml, "/A/C") == "three");
  for (const auto* const path : {"/A/B", "/A", "/A/B/C/D", "/B/C", "A/B/C", "/A/X", ""}) {
    INFO(path);
    CHECK(text_at(kXml, path) == "(none)");
  }
}

TEST_CASE("what is there twice, has an entity, or elements, is not given") {
  CHECK(text_at("<A><B>1</B><B>2</B></A>", "/A/B") == "(none)");
  CHECK(text_at("<A><B>1</B></A>", "/A/B") == "1");
  CHECK(text_at("<A><B>a&amp;b</B></A>", "/A/B") == "(none)");
  CHECK(text_at("<A><B>1<C/></B></A>", "/A/B") == "(none)");
  CHECK(text_at("<A><B><C/>1</B></A>", "/A/B") == "(none)");
  CHECK(text_at("<A><C>&lt;</C><B>1</B></A>", "/A/B") == "1");
}

TEST_CASE("a name of more than 128 bytes is in no such XML [I10]", "[I10]") {
  const std::string longest(128, 'a');
  const auto xml_of = [](const std::string& name) {
    return "<" + name + ">1</" + name + ">";
  };
  CHECK(text_at(xml_of(longest), "/" + longest) == "1");
  CHECK(text_at(xml_of(longest + "a"), "/" + longest + "a") == "(none)");
  CHECK(text_at("<A " + longest + "='x'>1</A>", "/A") == "1");
  CHECK(text_at("<A " + longest + "a='x'>1</A>", "/A") == "(none)");
}

TEST_CASE("a path is of whole names") {
  CHECK(text_at("<AB><C>1</C></AB>", "/A/C") == "(none)");
  CHECK(text_at("<A><C>1</C></A>", "/AB/C") == "(none)");
  CHECK(text_at("<A><BC>1</BC></A>", "/A/B") == "(none)");
  CHECK(text_at("<A><B>1</B></A>", "/A/BC") == "(none)");
}

TEST_CASE("what is no such XML gives nothing, though the element stands in it") {
  for (const auto* const bad : {"<A><B>1</B>",
                                "<A><B>1</A></B>",
                                "<A><B>1</B></A><A></A>",
                                "<A><B>1</B></A>x",
                                "x<A><B>1</B></A>",
                                "<!DOCTYPE A><A><B>1</B></A>",
                                "<A><!-- --><B>1</B></A>",
                                "<A><![CDATA[x]]><B>1</B></A>",
                                "<A><?p?><B>1</B></A>",
                                "<A x><B>1</B></A>",
                                "<A x=1><B>1</B></A>",
                                "<A x='<'><B>1</B></A>",
                                "<A><B>1</B ></A",
                                "</A>",
                                "<?xml ",
                                "<>",
                                ""}) {
    INFO(bad);
    CHECK(text_at(bad, "/A/B") == "(none)");
  }
  const std::string deep = [] {
    std::string text;
    for (int i = 0; i < 17; ++i) {
      text += "<A>";
    }
    for (int i = 0; i < 17; ++i) {
      text += "</A>";
    }
    return text;
  }();
  CHECK(text_at(deep, "/A") == "(none)");
}

TEST_CASE("a text that is cut anywhere gives nothing") {
  const std::string whole = "<?xml version=\"1.0\"?><A x=\"1\"><B>1</B></A>";
  REQUIRE(text_at(whole, "/A/B") == "1");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    CHECK(text_at(whole.substr(0, size), "/A/B") == "(none)");
  }
}

}  // namespace keyswap::vault
