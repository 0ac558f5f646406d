// SPDX-License-Identifier: Apache-2.0
//
// Typed data as Ethereum wallets sign it (EIP-712): the hash of a struct is that of its type's text
// and of its members, 32 bytes each.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace keyswap::bindings::eip712 {

// EIP712Domain(string name,string version,uint256 chainId,address verifyingContract), with the zero
// address.
struct Domain {
  std::string_view name;
  std::string_view version;
  std::uint64_t chain_id = 0;
};

// Members as they are hashed: a `string` by its hash, a `uint256` by its number, big-endian.
std::string string_member(std::string_view text);
std::string number_member(std::uint64_t number);

// 32 bytes. `type`: "Agent(string source,bytes32 connectionId)".
std::string hash_struct(std::string_view type, std::initializer_list<std::string_view> members);

// What is signed, 32 bytes.
std::string digest_of(const Domain& domain, std::string_view struct_hash);

}  // namespace keyswap::bindings::eip712
