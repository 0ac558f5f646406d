# SPDX-License-Identifier: Apache-2.0
"""What Hyperliquid does with a signed action: Keccak-256, MessagePack, EIP-712 and the curve secp256k1, in plain Python."""

MASK = (1 << 64) - 1
PRIME = 2**256 - 2**32 - 977
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
GENERATOR = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
             0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def turned(lane, bits):
    bits %= 64
    return (lane << bits | lane >> (64 - bits)) & MASK


def permuted(lanes):
    """Keccak-f[1600] (FIPS 202 section 3), the constants of iota from their shift register."""
    register = 1
    for _ in range(24):
        columns = [lanes[x][0] ^ lanes[x][1] ^ lanes[x][2] ^ lanes[x][3] ^ lanes[x][4] for x in range(5)]
        mixed = [columns[(x - 1) % 5] ^ turned(columns[(x + 1) % 5], 1) for x in range(5)]
        lanes = [[lanes[x][y] ^ mixed[x] for y in range(5)] for x in range(5)]
        x, y, moved = 1, 0, lanes[1][0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            moved, lanes[x][y] = lanes[x][y], turned(moved, (step + 1) * (step + 2) // 2)
        lanes = [[lanes[x][y] ^ (~lanes[(x + 1) % 5][y] & MASK & lanes[(x + 2) % 5][y]) for y in range(5)] for x in range(5)]
        for bit in range(7):
            register = (register << 1 ^ (register >> 7) * 0x71) % 256
            if register & 2:
                lanes[0][0] ^= 1 << ((1 << bit) - 1)
    return lanes


def keccak256(data):
    rate = 136
    padded = bytearray(data) + bytes(rate - len(data) % rate)
    padded[len(data)] ^= 0x01
    padded[-1] ^= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for begin in range(0, len(padded), rate):
        for number in range(rate // 8):
            at = begin + 8 * number
            lanes[number % 5][number // 5] ^= int.from_bytes(padded[at:at + 8], "little")
        lanes = permuted(lanes)
    return b"".join(lanes[number % 5][number // 5].to_bytes(8, "little") for number in range(4))


def added(one, other):
    """Two points of the curve; None is the one at infinity."""
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % PRIME == 0:
        return None
    if one == other:
        slope = 3 * one[0] * one[0] * pow(2 * one[1], -1, PRIME) % PRIME
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, PRIME) % PRIME
    x = (slope * slope - one[0] - other[0]) % PRIME
    return x, (slope * (one[0] - x) - one[1]) % PRIME


def times(number, point):
    total = None
    while number:
        if number & 1:
            total = added(total, point)
        point = added(point, point)
        number >>= 1
    return total


def address_of_point(point):
    return "0x" + keccak256(point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big"))[-20:].hex()


def address_of(key):
    return address_of_point(times(int(key, 16), GENERATOR))


def signer_of(digest, signature):
    """The address whose key signed; None where the signature has not the form that wallets make."""
    r, s, v = int(signature["r"], 16), int(signature["s"], 16), signature["v"]
    if v not in (27, 28) or not 0 < r < ORDER or not 0 < s <= ORDER // 2:
        return None
    y = pow(r**3 + 7, (PRIME + 1) // 4, PRIME)
    if y * y % PRIME != (r**3 + 7) % PRIME:
        return None
    inverse = pow(r, -1, ORDER)
    point = (r, y if y % 2 == v - 27 else PRIME - y)
    hashed = int.from_bytes(digest, "big")
    return address_of_point(added(times(s * inverse % ORDER, point), times(-hashed * inverse % ORDER, GENERATOR)))


def packed(value):
    """MessagePack of the values that tests send."""
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        size = next(size for size in (0, 1, 2, 4, 8) if value < (1 << 8 * size if size else 0x80))
        return bytes([value]) if size == 0 else bytes([{1: 0xCC, 2: 0xCD, 4: 0xCE, 8: 0xCF}[size]]) + value.to_bytes(size, "big")
    if isinstance(value, str):
        text = value.encode()
        return (bytes([0xA0 | len(text)]) if len(text) < 32 else bytes([0xD9, len(text)])) + text
    if isinstance(value, list):
        return bytes([0x90 | len(value)]) + b"".join(packed(item) for item in value)
    return bytes([0x80 | len(value)]) + b"".join(packed(name) + packed(item) for name, item in value.items())


def action_digest(body, source="a"):
    """What `body["signature"]` is over."""
    vault, expiry = body.get("vaultAddress"), body.get("expiresAfter")
    text = packed(body["action"]) + body["nonce"].to_bytes(8, "big")
    text += b"\x00" if vault is None else b"\x01" + bytes.fromhex(vault[2:])
    text += b"" if expiry is None else b"\x00" + expiry.to_bytes(8, "big")
    domain = keccak256(keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)") +
                       keccak256(b"Exchange") + keccak256(b"1") + (1337).to_bytes(32, "big") + bytes(32))
    agent = keccak256(keccak256(b"Agent(string source,bytes32 connectionId)") + keccak256(source.encode()) + keccak256(text))
    return keccak256(b"\x19\x01" + domain + agent)
