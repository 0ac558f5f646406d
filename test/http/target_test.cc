// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/target.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::http {

namespace {

std::string read(std::string_view text, std::uint16_t default_port = 443) {
  const auto authority = parse_authority(text, default_port);
  return authority ? authority->host + " " + std::to_string(authority->port) : "refused";
}

}  // namespace

TEST_CASE("an authority is read into one normal form", "[I3]") {
  CHECK(read("api.example.com:443") == "api.example.com 443");
  CHECK(read("api.example.com") == "api.example.com 443");
  CHECK(read("C16-API.Example.COM:8443") == "c16-api.example.com 8443");
  CHECK(read("b29.example.com.") == "b29.example.com 443");
  CHECK(read("b29.example.com.:80") == "b29.example.com 80");
  CHECK(read("localhost:1") == "localhost 1");
  CHECK(read("xn--bcher-kva.example:65535") == "xn--bcher-kva.example 65535");
  CHECK(read("_dmarc.example.com") == "_dmarc.example.com 443");
  CHECK(read("a--b.c-d.e") == "a--b.c-d.e 443");
  CHECK(read("1.2.3.4:80") == "1.2.3.4 80");
  CHECK(read("1.2.3.4a:80") == "1.2.3.4a 80");
  CHECK(read("1password.com") == "1password.com 443");
  CHECK(read("[::1]:80") == "::1 80");
  CHECK(read("[2001:DB8:0:0::1]") == "2001:db8::1 443");
  CHECK(read("[::FFFF:1.2.3.4]:80") == "::ffff:1.2.3.4 80");
}

TEST_CASE("the kind of a host is told") {
  CHECK(parse_authority("h", 1)->kind == HostKind::name);
  CHECK(parse_authority("9.9.9.9", 1)->kind == HostKind::ipv4);
  CHECK(parse_authority("[::9]", 1)->kind == HostKind::ipv6);
}

TEST_CASE("without a default the port must be there") {
  CHECK(read("h", 0) == "refused");
  CHECK(read("[::1]", 0) == "refused");
  CHECK(read("h:1", 0) == "h 1");
}

TEST_CASE("SS-18 a port has one spelling", "[I3]") {
  const char* text = GENERATE("h:",
                              "h:0",
                              "h:00",
                              "h:0443",
                              "h:+443",
                              "h:-443",
                              "h: 443",
                              "h:443 ",
                              "h:443x",
                              "h:x443",
                              "h:65536",
                              "h:65979",
                              "h:99999",
                              "h:100000",
                              "h:18446744073709552059",
                              "h:0x1bb",
                              "h:4e2",
                              "h:443:443",
                              "h::443",
                              "[::1]:",
                              "[::1]:0",
                              "[::1]443",
                              "[::1]x",
                              "[::1]]:443");
  INFO(text);
  CHECK(read(text) == "refused");
}

TEST_CASE("SS-14 what some resolver reads as a number is no host name", "[I3][I12]") {
  const char* text = GENERATE("0",
                              "0.0",
                              "127.1",
                              "127.0.1",
                              "2130706433",
                              "017700000001",
                              "0177.1",
                              "0177.0.0.1",
                              "0x7f.1",
                              "0x7f000001",
                              "0X7F.0.0.1",
                              "0x7f.0x0.0x0.0x1",
                              "127.0.0.0x1",
                              "127.0.0.01",
                              "127.0.0.1.",
                              "127.0.0.1.:80",
                              "0x",
                              "h.0x",
                              "h.123",
                              "h.0xff",
                              "256.1.1.1",
                              "1.2.3.4.5",
                              "1.2.3",
                              "1.2.3.04",
                              "00.0.0.0",
                              "4294967296",
                              "1.2.3.4.:80");
  INFO(text);
  CHECK(read(text) == "refused");
}

TEST_CASE("SS-14 IPv6 without its form, with a zone or an escape is refused", "[I3][I12]") {
  const char* text = GENERATE("[::1%25lo]",
                              "[::1%lo]",
                              "[fe80::1%eth0]:443",
                              "[]",
                              "[]:443",
                              "[::1",
                              "::1",
                              "::1]:443",
                              "[1.2.3.4]",
                              "[::1]::1",
                              "[:::1]",
                              "[g::1]",
                              "[1:2:3:4:5:6:7]",
                              "[1:2:3:4:5:6:7:8:9]",
                              "[::1 ]",
                              "[v1.x]",
                              "[::00001]",
                              "[localhost]",
                              "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]");
  INFO(text);
  CHECK(read(text) == "refused");
}

TEST_CASE("SS-14 a host name of other bytes is refused", "[I3]") {
  const char* text = GENERATE("",
                              ":443",
                              ".",
                              "..",
                              "a..b",
                              ".a",
                              "a..",
                              "user@h",
                              "user:pw@h:443",
                              "@h",
                              "h%2e",
                              "h%00",
                              "a b",
                              " a",
                              "a ",
                              "a\tb",
                              "a/b",
                              "a\\b",
                              "a?b",
                              "a#b",
                              "a,b",
                              "a;b",
                              "*.example.com",
                              "b\xc3\xbc.example",
                              "\xe2\x91\xa0\xe2\x91\xa1",
                              "-a.b",
                              "a-.b",
                              "a.-b",
                              "a.b-",
                              "a'b",
                              "a\"b",
                              "a!b",
                              "a$b",
                              "a[b",
                              "a]b");
  INFO(text);
  CHECK(read(text) == "refused");
}

TEST_CASE("a NUL in a host is refused", "[I3]") {
  CHECK(read(std::string_view("h\0.example", 10)) == "refused");
  CHECK(read(std::string_view("[::1\0]:443", 10)) == "refused");
  CHECK(read(std::string_view("1.2.3.4\0", 8)) == "refused");
}

TEST_CASE("names and labels have the lengths of DNS") {
  const std::string label(63, 'a');
  const std::string name = label + "." + label + "." + label + "." + std::string(61, 'b');
  REQUIRE(name.size() == 253);
  CHECK(parse_authority(name, 1).has_value());
  CHECK(parse_authority(name + ".", 1)->host == name);
  CHECK_FALSE(parse_authority(name + "b", 1).has_value());
  CHECK(parse_authority(label, 1).has_value());
  CHECK_FALSE(parse_authority(label + "a", 1).has_value());
}

TEST_CASE("a host alone is read by the same rules") {
  CHECK(parse_host("API.example.com.", 443)->host == "api.example.com");
  CHECK(parse_host("::1", 443)->host == "::1");
  CHECK(parse_host("[::1]", 443)->kind == HostKind::ipv6);
  CHECK(parse_host("1.2.3.4", 443)->kind == HostKind::ipv4);
  CHECK(parse_host("h", 8443)->port == 8443);
  const char* refused = GENERATE("", "h:443", "[h]", "[]", "[", "]", "127.1", "a b", "1.2.3.4:80");
  INFO(refused);
  CHECK_FALSE(parse_host(refused, 443).has_value());
}

TEST_CASE("an authority is written back with brackets and port where they are due") {
  CHECK(to_string(*parse_authority("H.example:443", 443)) == "h.example:443");
  CHECK(to_string(*parse_authority("h:443", 443), 443) == "h");
  CHECK(to_string(*parse_authority("h:80", 443), 443) == "h:80");
  CHECK(to_string(*parse_authority("[::1]:443", 443), 443) == "[::1]");
  CHECK(to_string(*parse_authority("[::1]:80", 443)) == "[::1]:80");
}

TEST_CASE("an absolute form is taken apart") {
  const auto plain = parse_absolute("http://Example.com/a?b=c");
  REQUIRE(plain.has_value());
  CHECK(plain->protocol == AbsoluteTarget::Protocol::http);
  CHECK(to_string(plain->authority) == "example.com:80");
  CHECK(plain->path_and_query == "/a?b=c");
  const auto tls = parse_absolute("HTTPS://h:8443");
  REQUIRE(tls.has_value());
  CHECK(tls->protocol == AbsoluteTarget::Protocol::https);
  CHECK(to_string(tls->authority) == "h:8443");
  CHECK(tls->path_and_query.empty());
  CHECK(parse_absolute("https://h?q=http://other/")->path_and_query == "?q=http://other/");
  CHECK(parse_absolute("https://h")->authority.port == 443);
  CHECK(parse_absolute("http://[::1]:81/")->authority.host == "::1");
  CHECK(parse_absolute("http://h/a@b:c")->authority.host == "h");
}

TEST_CASE("HP-02 other absolute forms are refused", "[I3]") {
  const char* text = GENERATE("",
                              "/a",
                              "*",
                              "h:443",
                              "ftp://h/",
                              "ws://h/",
                              "http:/h/",
                              "http:h",
                              "http//h/",
                              "http://",
                              "https://",
                              "http:///a",
                              "http://?q",
                              "http://user@h/",
                              "http://user:pw@h/",
                              "http://h@other/",
                              "http://h\\@other/",
                              "http://h:80:80/",
                              "http://h:/",
                              "http://h:0/",
                              "http://h/#f",
                              "http://h#f",
                              "http://h/a b",
                              "http://127.1/",
                              "http://2130706433/",
                              "http://h/%",
                              "http://h/%0",
                              "http://h/%zz",
                              "http://h/%00",
                              "http://h/%0d%0a",
                              "http://h/%7f",
                              "http://h/\x01",
                              "http://h/\xc3\xa9",
                              "http://h/\x7f",
                              " http://h/",
                              "http://h /");
  INFO(text);
  CHECK_FALSE(parse_absolute(text).has_value());
}

TEST_CASE("an origin form is a path of visible ASCII with whole, harmless escapes") {
  const char* good = GENERATE("/",
                              "/a/b",
                              "//a",
                              "/a?b=c&d=%20",
                              "/%41",
                              "/a%2fb",
                              "/%e2%82%ac",
                              "/..;/x",
                              "/a\\b",
                              "/a?q=100%",
                              "/a?q=%0a",
                              "/a?%zz",
                              "/?",
                              "/a?b?c",
                              "/a?\xc3\xa9",
                              "/a?\xff=\x80",
                              "/~!$&'()*+,;=:@\"<>[]^`{|}");
  INFO(good);
  CHECK(is_origin_form(good));
}

TEST_CASE("another target is no origin form") {
  const char* bad = GENERATE("",
                             "*",
                             "a",
                             "?a",
                             "http://h/",
                             "h:443",
                             "/a#b",
                             "/a?b#c",
                             "/a b",
                             "/a\tb",
                             "/\x7f",
                             "/\xc3\xa9",
                             "/\xc3\xa9?x",
                             "/a?\x7f",
                             "/a?\x01\xc3\xa9",
                             "/\x01",
                             "/%",
                             "/%4",
                             "/%4/",
                             "/%g0",
                             "/%0g",
                             "/%00",
                             "/%0A",
                             "/%0d",
                             "/%1f",
                             "/%7F",
                             "/a%",
                             "/%%41");
  INFO(bad);
  CHECK_FALSE(is_origin_form(bad));
}

TEST_CASE("the path of a target ends at the first question mark") {
  CHECK(path_of("/a/b?c?d") == "/a/b");
  CHECK(path_of("/a") == "/a");
  CHECK(path_of("?q").empty());
  CHECK(path_of("").empty());
}

}  // namespace keyswap::http
