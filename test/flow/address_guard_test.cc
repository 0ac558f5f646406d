// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/address_guard.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

using Verdict = AddressVerdict;
using bindings::AddressRange;

Verdict judge(std::string_view address, const std::vector<AddressRange>& allowed = {}) {
  return judge_address(address, allowed);
}

}  // namespace

TEST_CASE("M08 public addresses may be dialled", "[I12]") {
  const char* address = GENERATE("1.1.1.1",
                                 "8.8.8.8",
                                 "9.255.255.255",
                                 "11.0.0.0",
                                 "100.63.255.255",
                                 "100.128.0.0",
                                 "126.255.255.255",
                                 "128.0.0.0",
                                 "169.253.255.255",
                                 "169.255.0.0",
                                 "172.15.255.255",
                                 "172.32.0.0",
                                 "192.0.1.0",
                                 "192.0.3.0",
                                 "192.167.255.255",
                                 "192.169.0.0",
                                 "198.17.255.255",
                                 "198.20.0.0",
                                 "203.0.112.255",
                                 "203.0.114.0",
                                 "223.255.255.255",
                                 "2606:4700::1111",
                                 "2a00:1450:4001::200e",
                                 "2001:4860:4860::8888",
                                 "2001:200::",
                                 "2400::",
                                 "3ffe:ffff::1",
                                 "2001:db7:ffff::",
                                 "2001:db9::",
                                 "64:ff9b::808:808",
                                 "2002:808:808::1",
                                 "::ffff:8.8.8.8");
  INFO(address);
  CHECK(judge(address) == Verdict::allowed);
}

TEST_CASE("M01 loopback and unspecified addresses are refused", "[I12]") {
  const char* address = GENERATE("127.0.0.1",
                                 "127.0.0.0",
                                 "127.255.255.255",
                                 "0.0.0.0",
                                 "0.1.2.3",
                                 "0.255.255.255",
                                 "::1",
                                 "::",
                                 "::2");
  INFO(address);
  CHECK(judge(address) == Verdict::not_public);
}

TEST_CASE("M02 private and shared addresses are refused", "[I12]") {
  const char* address = GENERATE("10.0.0.0",
                                 "10.255.255.255",
                                 "172.16.0.0",
                                 "172.31.255.255",
                                 "192.168.0.0",
                                 "192.168.255.255",
                                 "100.64.0.0",
                                 "100.127.255.255",
                                 "fc00::1",
                                 "fd12:3456::1",
                                 "fdff:ffff::");
  INFO(address);
  CHECK(judge(address) == Verdict::not_public);
}

TEST_CASE("M03 link-local addresses are refused", "[I12]") {
  const char* address = GENERATE(
      "169.254.0.0", "169.254.255.255", "169.254.169.253", "fe80::1", "febf:ffff::1", "fec0::1");
  INFO(address);
  CHECK(judge(address) == Verdict::not_public);
}

TEST_CASE("SS-15 multicast, reserved, documentation and benchmark ranges are refused", "[I12]") {
  const char* address = GENERATE("192.0.0.8",
                                 "192.0.0.1",
                                 "192.0.2.1",
                                 "192.88.99.1",
                                 "198.18.0.1",
                                 "198.19.255.255",
                                 "198.51.100.7",
                                 "203.0.113.9",
                                 "224.0.0.1",
                                 "239.255.255.255",
                                 "240.0.0.1",
                                 "254.1.1.1",
                                 "255.255.255.255",
                                 "ff02::1",
                                 "ff0e::1",
                                 "2001:db8::1",
                                 "3fff:fff::1",
                                 "2001:2::1",
                                 "2001:10::1",
                                 "2001:20::1",
                                 "100::1",
                                 "5f00::1",
                                 "64:ff9b:1::1",
                                 "4000::1",
                                 "1fff::1",
                                 "e000::1",
                                 "200::1");
  INFO(address);
  CHECK(judge(address) == Verdict::not_public);
}

TEST_CASE("M05 SS-15 an address that holds another is judged by it", "[I12]") {
  const char* address = GENERATE("64:ff9b::7f00:1",
                                 "64:ff9b::a00:1",
                                 "2002:7f00:1::",
                                 "2002:a00:1::",
                                 "2002:c0a8:101::1",
                                 "::127.0.0.1",
                                 "::10.1.2.3",
                                 "::8.8.8.8",
                                 "::ffff:127.0.0.1",
                                 "::ffff:7f00:1",
                                 "::ffff:10.0.0.1",
                                 "::ffff:0:127.0.0.1",
                                 "::ffff:0:7f00:1",
                                 "::ffff:0:8.8.8.8",
                                 // Teredo: client 127.0.0.1 inverted; server 10.0.0.1
                                 "2001:0:808:808:0:0:80ff:fffe",
                                 "2001:0:a00:1:0:0:f7f7:f7f7",
                                 // ISATAP
                                 "2400::5efe:7f00:1",
                                 "2400::200:5efe:a00:1");
  INFO(address);
  CHECK(judge(address) == Verdict::not_public);
}

TEST_CASE("Teredo and ISATAP between public addresses pass", "[I12]") {
  CHECK(judge("2001:0:808:808:0:0:f7f7:f7f7") == Verdict::allowed);
  CHECK(judge("2400::5efe:808:808") == Verdict::allowed);
}

TEST_CASE("M03 SS-13 metadata addresses are refused, in every form, whatever is allowed", "[I12]") {
  const char* address = GENERATE("169.254.169.254",
                                 "169.254.170.2",
                                 "169.254.170.23",
                                 "169.254.0.23",
                                 "169.254.42.42",
                                 "100.100.100.200",
                                 "100.96.0.96",
                                 "168.63.129.16",
                                 "192.0.0.192",
                                 "fd00:ec2::254",
                                 "fd00:ec2::23",
                                 "fd20:ce::254",
                                 "fd00:42::42",
                                 "fe80::a9fe:a9fe",
                                 "::ffff:169.254.169.254",
                                 "::ffff:a9fe:a9fe",
                                 "::169.254.169.254",
                                 "::ffff:0:169.254.169.254",
                                 "64:ff9b::a9fe:a9fe",
                                 "2002:a9fe:a9fe::1",
                                 "64:ff9b::a83f:8110",
                                 "2001:0:808:808:0:0:5601:5601",
                                 "2001:0:a9fe:a9fe::f7f7:f7f7",
                                 "2400::5efe:a9fe:a9fe");
  INFO(address);
  CHECK(judge(address) == Verdict::metadata);
  CHECK(judge(address, {{"0.0.0.0", 0}, {"::", 0}}) == Verdict::metadata);
  CHECK(judge(address, {{address, 32}, {address, 128}}) == Verdict::metadata);
}

TEST_CASE("a range that a binding allows is allowed to its last address and no further", "[I12]") {
  const std::vector<AddressRange> allowed = {
      {"10.1.0.0", 16}, {"192.168.7.12", 30}, {"127.0.0.1", 32}, {"fd12:3400::", 22}};
  CHECK(judge("10.1.0.0", allowed) == Verdict::allowed);
  CHECK(judge("10.1.255.255", allowed) == Verdict::allowed);
  CHECK(judge("10.2.0.0", allowed) == Verdict::not_public);
  CHECK(judge("10.0.255.255", allowed) == Verdict::not_public);
  CHECK(judge("192.168.7.12", allowed) == Verdict::allowed);
  CHECK(judge("192.168.7.15", allowed) == Verdict::allowed);
  CHECK(judge("192.168.7.16", allowed) == Verdict::not_public);
  CHECK(judge("192.168.7.11", allowed) == Verdict::not_public);
  CHECK(judge("127.0.0.1", allowed) == Verdict::allowed);
  CHECK(judge("127.0.0.2", allowed) == Verdict::not_public);
  CHECK(judge("fd12:37ff::1", allowed) == Verdict::allowed);
  CHECK(judge("fd12:3800::1", allowed) == Verdict::not_public);
}

TEST_CASE("a mapped address is allowed as the IPv4 address that is dialled, other forms are not",
          "[I12]") {
  const std::vector<AddressRange> allowed = {{"10.0.0.0", 8}};
  CHECK(judge("::ffff:10.1.2.3", allowed) == Verdict::allowed);
  CHECK(judge("::10.1.2.3", allowed) == Verdict::not_public);
  CHECK(judge("64:ff9b::a01:203", allowed) == Verdict::not_public);
  CHECK(judge("2002:a01:203::1", allowed) == Verdict::not_public);
  CHECK(judge("2002:a01:203::1", {{"2002:a01:203::", 48}}) == Verdict::allowed);
}

TEST_CASE("a range of one family does not hold the other's addresses", "[I12]") {
  CHECK(judge("10.0.0.1", {{"::", 0}}) == Verdict::not_public);
  CHECK(judge("fd00::1", {{"0.0.0.0", 0}}) == Verdict::not_public);
}

TEST_CASE("a range that makes no sense allows nothing", "[I12]") {
  CHECK(judge("10.0.0.1", {{"10.0.0.0", 33}}) == Verdict::not_public);
  CHECK(judge("10.0.0.1", {{"", 0}}) == Verdict::not_public);
  CHECK(judge("10.0.0.1", {{"10.0.0", 8}}) == Verdict::not_public);
  CHECK(judge("fd00::1", {{"fd00::", 129}}) == Verdict::not_public);
}

TEST_CASE("M07 SS-14 what is not an address in its usual form is malformed", "[I12]") {
  const char* address = GENERATE("",
                                 "localhost",
                                 "127.1",
                                 "2130706433",
                                 "0177.0.0.1",
                                 "0x7f.0.0.1",
                                 "1.2.3.4.5",
                                 "256.1.1.1",
                                 "1.2.3.4 ",
                                 " 1.2.3.4",
                                 "01.2.3.4",
                                 "1.2.3.4:80",
                                 "[::1]",
                                 "::1%lo",
                                 "fe80::1%eth0",
                                 "::1/128",
                                 ":::1",
                                 "1:2:3:4:5:6:7:8:9",
                                 "g::1",
                                 "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000");
  INFO(address);
  CHECK(judge(address) == Verdict::malformed);
  CHECK(judge(address, {{"0.0.0.0", 0}, {"::", 0}}) == Verdict::malformed);
}

TEST_CASE("an address with a NUL in it is malformed", "[I12]") {
  CHECK(judge(std::string_view("8.8.8.8\0.1", 10)) == Verdict::malformed);
}

}  // namespace keyswap::flow
