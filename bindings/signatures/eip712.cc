// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/eip712.h"

#include "bindings/signatures/keccak.h"

namespace keyswap::bindings::eip712 {

namespace {

constexpr std::size_t kMemberBytes = 32;

}  // namespace

std::string string_member(std::string_view text) {
  return keccak256(text);
}

std::string number_member(std::uint64_t number) {
  std::string member(kMemberBytes, '\0');
  for (auto byte = member.rbegin(); number != 0; ++byte, number >>= 8U) {
    *byte = static_cast<char>(static_cast<unsigned char>(number & 0xffU));
  }
  return member;
}

std::string hash_struct(std::string_view type, std::initializer_list<std::string_view> members) {
  std::string text = keccak256(type);
  for (const auto member : members) {
    text += member;
  }
  return keccak256(text);
}

std::string digest_of(const Domain& domain, std::string_view struct_hash) {
  const auto domain_hash = hash_struct(
      "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
      {string_member(domain.name),
       string_member(domain.version),
       number_member(domain.chain_id),
       number_member(0)});
  return keccak256("\x19\x01" + domain_hash + std::string(struct_hash));
}

}  // namespace keyswap::bindings::eip712
