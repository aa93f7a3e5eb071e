/* SPDX-License-Identifier: Apache-2.0 */
/* Keys for tests only: anyone can read them. The members of JWKs without the braces, so that a test can add to them;
 * PUB is the public half, PRIV what makes it private. */
#ifndef JOSE_KEYS_H
#define JOSE_KEYS_H

#define RSA_PUB \
    "\"kty\":\"RSA\",\"n\":\"sIif_8NVjCcHpFDXQjnkecihqLdI0UN1axNBVE3Wcls8Kb05uIzCzHY53lNr7e-QxtSX4zi6buuUcTiI7YM" \
    "j5GdbpI2UvZ7uJbj4W5If-r-YTvpClPx86cgHnKhMtQ-S__DZxmy5C2PB5T0p1kC3eAbDYna2wWG_6yIFUg0r7tLblSK2TRvLPJd" \
    "GS-yHlcggqhcWm69vNl5-JL03Y3dKqSt4KRl0I9EjI3Z8D8dJg28rNjaq8eNwHPnAlTJZklq6a87b9BvCx2oFCFCNuKVkfHDhAfH" \
    "PCmzwQkEkRmvLYy6KCZRrYTwe8PpVU2gCPRPobaKrsJiSm_R22SnrqiDc4w\",\"e\":\"AQAB\""

#define RSA_PRIV \
    ",\"d\":\"Bgj9s1A5vftdmwP6f_Sbt4Ag6rQtZJ4SRxFW8-tfT_SHh4PFE-aYCEZobw3aDD3a7Lk64hU_5mfeYMqGf9wyX24bJ3KBqc" \
    "Pjr111_CdwOXHQYq7SlOZW3OUuQXBNgwkfxOk2gL6ZyuZjrBMduYnn284bYuPdFpphZcf5d5ckr9rt_wQPap3U2mp3BVAQq4K7ov" \
    "G2Z89WhmyUU5q9AKKE9yv6jR_yVQDEFOrtK4qxnT_8Ye_Mj1MAtGYK4MfIFIqctbXl-GW7_393pSgXaa6Yr_orAa4HT5KCTNCdFf" \
    "r7zdaH7aV8qmNo4sMTO1Y7AJJacjJcMsvTwgJknOiZgvovsQ\",\"p\":\"4sItbdQ5yenybdE5r0ieB6CxU3OegbV4KCFSOivcSD1uK" \
    "B970fB4Xqf7Fir4sBUKEXJyZNJJyY2K9b1co8gZPSWLT2viY3wBNUqexn9hCX89ynwxdnVqemg4JhiO74ET1-gu4J1a2Ya0dZIuI" \
    "cztCYSmQuEbtxsCFqoX0zhs6DE\",\"q\":\"x0xpCVK_rGY0BVoRSHBswHb9hF4ymKKm1fa6RgP1F5gizq7ktVhMeZBVZX9cCSCD4O3" \
    "Zz_bb-bIjv7kUoFRROoJ3daVziupZbVlKMYL2uwQvmtpqBgR9tF9Fu8iBiFJ_gAHQObY3ntx7AXi7d1dftpIOXDlYzVqnAdPd4z9" \
    "KpVM\",\"dp\":\"l6i3KZWfcOP_OGOO6STwTLm039OcV7Q_QNfIXw-mrMopOryT272xQ92lmRX0bhAkQ7b_u17J6vu3zNNxejkCaFsL" \
    "6XqGV3NAe5wExU28YNWxRhP6IPg21teNdi1Gq_jwhJ7Ne3zCnmnxmBDEueaNQqhtap2UI8r0gqQQezxp2oE\",\"dq\":\"WICfGEvN4" \
    "FIWgdXoXOHH-YQdup1WHKAGNHf3akYxncOqmVvjJoDKnSUyNvtitI7i4YzeL9LxBqZL58TZ2wT2eWQchnrtn1_ITJ3dK7V7ubr3J" \
    "O4fLQLri6DPR7-XfiEci4zCmg5IDtzcJuAlZ66-S0X66Ity2uaJyW77VwHxNQ8\",\"qi\":\"NHIKegqE_Ns4K9tjY4SDul9njlsj-V" \
    "7XU1CV-uTCZOgX1v9OnecRpO4iDgQbwGIqgynlbJUd9gW-4fsq8x2FrNRaYwQNFug97X5znjlc8YW2FH9MyReTsxoKihWpQUECvB" \
    "rzCAf1HfbMj8f0HcrRRL3qm0pnJd6DcRRJ_GakfbI\""

#define RSA2_PUB \
    "\"kty\":\"RSA\",\"n\":\"tmHEwsCG7kKAIbvhWEL57GEK4LIO_vBeZ1QU8SGgD0F5RPey610a3jYYzqdwyNHcBQVoSYikR7ZEjLlVeQf" \
    "ILgJm5iMT6MjEW9l31451Lp94ERnp7l-XHQ0keNjq-MMDOBf6ybw9_k-zc_xKTWxc3fdTd9b0VwOt9uuW_GLwEkkaKG4ha5rT-dZ" \
    "PmdoXC1ptk11XQHSS27kItLtySiRz6_-BCXCu47nZWnyFafwffb-kFjuwzMXj4XrY67-KArkUVhjlOxS8In0bJiZXXN7ur4flGIp" \
    "3VwTAFJkY0GoeD6VFlfjwRBY1a0eAMYlNyfkRhuJamD0idfB2BvlSWj5wrw\",\"e\":\"AQAB\""

#define RSA1024_PUB \
    "\"kty\":\"RSA\",\"n\":\"0KJ4vyeduydbGpaz7-qIzAORh39sCvo-7fnxdE9XdCNsvnFablHav12hOvZ_ALvzrwbP-oomrOowkZWx2mK" \
    "j4SwRdDpFDIxfZAH6vz2XIgnPTxBe5qY4YJKAm8KqlMdPBYUq91oovxTLkXf-u_At_8pVP7La6gbhZmcplt-5GYs\",\"e\":\"AQAB\""

#define RSA1024_PRIV \
    ",\"d\":\"na--rVOG7pYfUGhI1XMhM3ka_Bs9kMp0167KZMs24QuJPCM2Yx0wxORCYOs_MFHeKxJuDQFvm89hKBfJFbLqAn6UBDip5L" \
    "VME9exD9RRdwmqrOaKYf33RWWXZpbVQBoBbR5891ZthCK4dBT5i22Mpj3kXbAkmQONUgoB9fCr-Tk\",\"p\":\"-1-kpxDj5ErkGjs3" \
    "h4gGWIijw0HIRjJmrfd6NVKFqXDwWRCIdsj4h6QhdBcIlRUKVLsXZfxNkwHZxwQs3OIStQ\",\"q\":\"1Hl2U2adXuNb5iweNEBNmL0" \
    "TlJBKdBcjWnIXCJJov6mmYrntSq73UrlEO4xykN96d5wHz1St852dV94sx4DjPw\",\"dp\":\"jAS9eVW-KxbQMhBUIQlSx5Ps7EFDJ" \
    "l7CtRqJlxQNYdGH_4RnDwto7F0vSTPfUvNyWroQEX3VVBKO1P1tY-gFlQ\",\"dq\":\"L_qplJW0bavroaNOwr_OhfIUTNT0axiafB8" \
    "NQntFOhqGHv8bLWUrJjv9w3CoojxEvGO4g8H8cemikSfzdq2NIw\",\"qi\":\"mle3px6LGXU__-RHIeIrqj7I0oQ6-ZXSULWRBCG9Z" \
    "5HCBNou4L8wrr9GjoR9dMC54WOWnsGGHO4ndUcjTgzHJA\""

#define P256_PUB \
    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"ZjQlS4sFPjhVjx-YJfIE6T6YZDKmqlaDvI7ZYbnExDU\",\"y\":\"yIflhj6fMPSOEww1TI9W" \
    "tacLTKUdDpWsfjlSpYoz7CQ\""

#define P256_PRIV \
    ",\"d\":\"HvjgOQqy7VX1ZnDl2jZVD0llYBsPrw4nf80MA3NnkPs\""

#define P384_PUB \
    "\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"Ys-Pf5c7bjzB4g1fZKmg0BQue7uFN5RyE56ZdbsvVfoc0M_-mJsMaoNaRdcJucs-\",\"y\":" \
    "\"wNq3mcxr-TptHZdfEK9d_kzFgSVhRxnI071q9aGVoaHh_Zfsfu7Dfeipiy21Vh_M\""

#define P384_PRIV \
    ",\"d\":\"vCLJn6peSXxnTfg8OiEB99Nm0iFHWmFdifWuHL-JBzoeCEWMfvV4k84YesWGQ6bH\""

#define P521_PUB \
    "\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AL6vsvO5R1iPAKDJREz45nX9JbCMd4S54BxD0JqzdQ5k6PDEP2dL0PTQYxhQfVXAG5e_Vc" \
    "IDxKpkp2TTvdUeDULa\",\"y\":\"Aa1ymTEqxkf8Ibd4mWH9X8fB05pXahjA1THFwtrkPZuQR1cGWCq2n9Z22MuFKUxFhYC5my_OL3o" \
    "-uUqzu6tPUjY5\""

#define P521_PRIV \
    ",\"d\":\"AMr15OVuz19r6y1ttTcu_iKYvHe8xlsL2fJ4l8VxKPTZJV0q5nLOmoGY1_0Rmuys4fxC8BDiE5VxOTOaATb5XZjv\""

#define P256B_PUB \
    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"NN1hdqEePCzoTR-42AaPNZwbj42KJN8sp_PP-2W6Vmw\",\"y\":\"MI205WiJlEp1o7WEFDkV" \
    "RF4ZFQZAYgvOEHH7OrkK7s0\""

#define P256B_PRIV \
    ",\"d\":\"miK3NNoHFGcSy673s0DyrF619tjiqr0y40JOw9m7svw\""

#define SECP256K1_PUB \
    "\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"6U8tIwaxh_YDudz2kdQCl5l9fAml6DqhIfiUByRUF_U\",\"y\":\"jJWfmycznHCURO7G" \
    "S25RjVMaT6dU16BHxbd91PgTrbo\""

#define ED25519_PUB \
    "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"XDNKhjNvriIy4wAvdTPYKJ0EqbepDgNCmsFlGiyNmSI\""

#define ED25519_PRIV \
    ",\"d\":\"JbX_a35OpIH9wVeneBuaqRffUNQo5Ln97zY60lFCseI\""

#define ED448_PUB \
    "\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"nC9Nj-wc1HJOoyCENn308wBNgPmxYk7_4cmHckwfOYTfDrIDXq7kOO2UrIYwdqF-1edMu" \
    "dnalD-A\""

#define ED448_PRIV \
    ",\"d\":\"QVreSl79DrsOnRcsNBgIZyR-ODCOV2oS7FoGk9rzyo_1Si8DxoI3LfE7iwLfjRoXt7W7Fq6eKQJa\""

#define X25519_PUB \
    "\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"xw9DLUMws6joqAEYuaKina1lUstl9ljKo8xXbBpPCww\""

#define X25519_PRIV \
    ",\"d\":\"GKhW7N45F9Qm3VYa0mQBeQgefaI6D7pLuViSbdU0200\""

#define PEM_RSA \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCwiJ//w1WMJwek\n" \
    "UNdCOeR5yKGot0jRQ3VrE0FUTdZyWzwpvTm4jMLMdjneU2vt75DG1JfjOLpu65Rx\n" \
    "OIjtgyPkZ1ukjZS9nu4luPhbkh/6v5hO+kKU/HzpyAecqEy1D5L/8NnGbLkLY8Hl\n" \
    "PSnWQLd4BsNidrbBYb/rIgVSDSvu0tuVIrZNG8s8l0ZL7IeVyCCqFxabr282Xn4k\n" \
    "vTdjd0qpK3gpGXQj0SMjdnwPx0mDbys2Nqrx43Ac+cCVMlmSWrprztv0G8LHagUI\n" \
    "UI24pWR8cOEB8c8KbPBCQSRGa8tjLooJlGthPB7w+lVTaAI9E+htoquwmJKb9HbZ\n" \
    "KeuqINzjAgMBAAECggEABgj9s1A5vftdmwP6f/Sbt4Ag6rQtZJ4SRxFW8+tfT/SH\n" \
    "h4PFE+aYCEZobw3aDD3a7Lk64hU/5mfeYMqGf9wyX24bJ3KBqcPjr111/CdwOXHQ\n" \
    "Yq7SlOZW3OUuQXBNgwkfxOk2gL6ZyuZjrBMduYnn284bYuPdFpphZcf5d5ckr9rt\n" \
    "/wQPap3U2mp3BVAQq4K7ovG2Z89WhmyUU5q9AKKE9yv6jR/yVQDEFOrtK4qxnT/8\n" \
    "Ye/Mj1MAtGYK4MfIFIqctbXl+GW7/393pSgXaa6Yr/orAa4HT5KCTNCdFfr7zdaH\n" \
    "7aV8qmNo4sMTO1Y7AJJacjJcMsvTwgJknOiZgvovsQKBgQDiwi1t1DnJ6fJt0Tmv\n" \
    "SJ4HoLFTc56BtXgoIVI6K9xIPW4oH3vR8Hhep/sWKviwFQoRcnJk0knJjYr1vVyj\n" \
    "yBk9JYtPa+JjfAE1Sp7Gf2EJfz3KfDF2dWp6aDgmGI7vgRPX6C7gnVrZhrR1ki4h\n" \
    "zO0JhKZC4Ru3GwIWqhfTOGzoMQKBgQDHTGkJUr+sZjQFWhFIcGzAdv2EXjKYoqbV\n" \
    "9rpGA/UXmCLOruS1WEx5kFVlf1wJIIPg7dnP9tv5siO/uRSgVFE6gnd1pXOK6llt\n" \
    "WUoxgva7BC+a2moGBH20X0W7yIGIUn+AAdA5tjee3HsBeLt3V1+2kg5cOVjNWqcB\n" \
    "093jP0qlUwKBgQCXqLcplZ9w4/84Y47pJPBMubTf05xXtD9A18hfD6asyik6vJPb\n" \
    "vbFD3aWZFfRuECRDtv+7Xsnq+7fM03F6OQJoWwvpeoZXc0B7nATFTbxg1bFGE/og\n" \
    "+DbW1412LUar+PCEns17fMKeafGYEMS55o1CqG1qnZQjyvSCpBB7PGnagQKBgFiA\n" \
    "nxhLzeBSFoHV6Fzhx/mEHbqdVhygBjR392pGMZ3Dqplb4yaAyp0lMjb7YrSO4uGM\n" \
    "3i/S8QamS+fE2dsE9nlkHIZ67Z9fyEyd3Su1e7m69yTuHy0C64ugz0e/l34hHIuM\n" \
    "wpoOSA7c3CbgJWeuvktF+uiLctrmiclu+1cB8TUPAoGANHIKegqE/Ns4K9tjY4SD\n" \
    "ul9njlsj+V7XU1CV+uTCZOgX1v9OnecRpO4iDgQbwGIqgynlbJUd9gW+4fsq8x2F\n" \
    "rNRaYwQNFug97X5znjlc8YW2FH9MyReTsxoKihWpQUECvBrzCAf1HfbMj8f0HcrR\n" \
    "RL3qm0pnJd6DcRRJ/GakfbI=\n" \
    "-----END PRIVATE KEY-----\n"

#define PEM_RSA_TRADITIONAL \
    "-----BEGIN RSA PRIVATE KEY-----\n" \
    "MIIEowIBAAKCAQEAsIif/8NVjCcHpFDXQjnkecihqLdI0UN1axNBVE3Wcls8Kb05\n" \
    "uIzCzHY53lNr7e+QxtSX4zi6buuUcTiI7YMj5GdbpI2UvZ7uJbj4W5If+r+YTvpC\n" \
    "lPx86cgHnKhMtQ+S//DZxmy5C2PB5T0p1kC3eAbDYna2wWG/6yIFUg0r7tLblSK2\n" \
    "TRvLPJdGS+yHlcggqhcWm69vNl5+JL03Y3dKqSt4KRl0I9EjI3Z8D8dJg28rNjaq\n" \
    "8eNwHPnAlTJZklq6a87b9BvCx2oFCFCNuKVkfHDhAfHPCmzwQkEkRmvLYy6KCZRr\n" \
    "YTwe8PpVU2gCPRPobaKrsJiSm/R22SnrqiDc4wIDAQABAoIBAAYI/bNQOb37XZsD\n" \
    "+n/0m7eAIOq0LWSeEkcRVvPrX0/0h4eDxRPmmAhGaG8N2gw92uy5OuIVP+Zn3mDK\n" \
    "hn/cMl9uGydyganD469ddfwncDlx0GKu0pTmVtzlLkFwTYMJH8TpNoC+mcrmY6wT\n" \
    "HbmJ59vOG2Lj3RaaYWXH+XeXJK/a7f8ED2qd1NpqdwVQEKuCu6LxtmfPVoZslFOa\n" \
    "vQCihPcr+o0f8lUAxBTq7SuKsZ0//GHvzI9TALRmCuDHyBSKnLW15fhlu/9/d6Uo\n" \
    "F2mumK/6KwGuB0+SgkzQnRX6+83Wh+2lfKpjaOLDEztWOwCSWnIyXDLL08ICZJzo\n" \
    "mYL6L7ECgYEA4sItbdQ5yenybdE5r0ieB6CxU3OegbV4KCFSOivcSD1uKB970fB4\n" \
    "Xqf7Fir4sBUKEXJyZNJJyY2K9b1co8gZPSWLT2viY3wBNUqexn9hCX89ynwxdnVq\n" \
    "emg4JhiO74ET1+gu4J1a2Ya0dZIuIcztCYSmQuEbtxsCFqoX0zhs6DECgYEAx0xp\n" \
    "CVK/rGY0BVoRSHBswHb9hF4ymKKm1fa6RgP1F5gizq7ktVhMeZBVZX9cCSCD4O3Z\n" \
    "z/bb+bIjv7kUoFRROoJ3daVziupZbVlKMYL2uwQvmtpqBgR9tF9Fu8iBiFJ/gAHQ\n" \
    "ObY3ntx7AXi7d1dftpIOXDlYzVqnAdPd4z9KpVMCgYEAl6i3KZWfcOP/OGOO6STw\n" \
    "TLm039OcV7Q/QNfIXw+mrMopOryT272xQ92lmRX0bhAkQ7b/u17J6vu3zNNxejkC\n" \
    "aFsL6XqGV3NAe5wExU28YNWxRhP6IPg21teNdi1Gq/jwhJ7Ne3zCnmnxmBDEueaN\n" \
    "Qqhtap2UI8r0gqQQezxp2oECgYBYgJ8YS83gUhaB1ehc4cf5hB26nVYcoAY0d/dq\n" \
    "RjGdw6qZW+MmgMqdJTI2+2K0juLhjN4v0vEGpkvnxNnbBPZ5ZByGeu2fX8hMnd0r\n" \
    "tXu5uvck7h8tAuuLoM9Hv5d+IRyLjMKaDkgO3Nwm4CVnrr5LRfroi3La5onJbvtX\n" \
    "AfE1DwKBgDRyCnoKhPzbOCvbY2OEg7pfZ45bI/le11NQlfrkwmToF9b/Tp3nEaTu\n" \
    "Ig4EG8BiKoMp5WyVHfYFvuH7KvMdhazUWmMEDRboPe1+c545XPGFthR/TMkXk7Ma\n" \
    "CooVqUFBArwa8wgH9R32zI/H9B3K0US96ptKZyXeg3EUSfxmpH2y\n" \
    "-----END RSA PRIVATE KEY-----\n"

#define PEM_RSA1024 \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIICeAIBADANBgkqhkiG9w0BAQEFAASCAmIwggJeAgEAAoGBANCieL8nnbsnWxqW\n" \
    "s+/qiMwDkYd/bAr6Pu358XRPV3QjbL5xWm5R2r9doTr2fwC7868Gz/qKJqzqMJGV\n" \
    "sdpio+EsEXQ6RQyMX2QB+r89lyIJz08QXuamOGCSgJvCqpTHTwWFKvdaKL8Uy5F3\n" \
    "/rvwLf/KVT+y2uoG4WZnKZbfuRmLAgMBAAECgYEAna++rVOG7pYfUGhI1XMhM3ka\n" \
    "/Bs9kMp0167KZMs24QuJPCM2Yx0wxORCYOs/MFHeKxJuDQFvm89hKBfJFbLqAn6U\n" \
    "BDip5LVME9exD9RRdwmqrOaKYf33RWWXZpbVQBoBbR5891ZthCK4dBT5i22Mpj3k\n" \
    "XbAkmQONUgoB9fCr+TkCQQD7X6SnEOPkSuQaOzeHiAZYiKPDQchGMmat93o1UoWp\n" \
    "cPBZEIh2yPiHpCF0FwiVFQpUuxdl/E2TAdnHBCzc4hK1AkEA1Hl2U2adXuNb5iwe\n" \
    "NEBNmL0TlJBKdBcjWnIXCJJov6mmYrntSq73UrlEO4xykN96d5wHz1St852dV94s\n" \
    "x4DjPwJBAIwEvXlVvisW0DIQVCEJUseT7OxBQyZewrUaiZcUDWHRh/+EZw8LaOxd\n" \
    "L0kz31Lzclq6EBF91VQSjtT9bWPoBZUCQC/6qZSVtG2r66GjTsK/zoXyFEzU9GsY\n" \
    "mnwfDUJ7RToahh7/Gy1lKyY7/cNwqKI8RLxjuIPB/HHpopEn83atjSMCQQCaV7en\n" \
    "HosZdT//5Ech4iuqPsjShDr5ldJQtZEEIb1nkcIE2i7gvzCuv0aOhH10wLnhY5ae\n" \
    "wYYc7id1RyNODMck\n" \
    "-----END PRIVATE KEY-----\n"

#define PEM_RSA_PSS \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIIEvAIBADALBgkqhkiG9w0BAQoEggSoMIIEpAIBAAKCAQEA4Lq64/UVEUJKWRX6\n" \
    "xBIi482wdFtgBRVuVsDyk0Vpj1XXHaei/VoTVQQ77n/bwyhyGzjrgBBL1T7WwNll\n" \
    "fZ5CNPUJKXCrmQMu0wVSdF71cDIv/6Oa23e6umIlYSur03U4obTaWi8yaPjNJQJ/\n" \
    "08LQ7xJfM3cPUTtPWLVgvA2kohyT9dm5Oy5NFOHEo0F/8hVQ8F0c09LtcLmoPXEU\n" \
    "vmJCA6Jraf0Gr9mYsd/xlgmTqmCK5RGLro7PNKzRuaIRA5euOjdzlQUI+9X8rk2G\n" \
    "VlPqVcMNH99fpfJ4/Ebk8l362rUhHrKtac4SrFQMiSeMd768ur+5UoeSecyaZgpJ\n" \
    "In1rgwIDAQABAoIBAAW1mMPr2RIsLflfbpSGpW5GLoJ2Q9U9OyVnF4KYU9s5YhK1\n" \
    "zJVFMZKKXf9sLigiIewBITKKt3J+ezRBEawEVkhEJWxxGVr00r63tuWP+ApWrBOB\n" \
    "k5CZ1RuhHLQASQhBRSQOlTGPW2eBUqzrCFZX77jzLYoAL1pv+E8XpJKCgjlAFmjD\n" \
    "LollOradb1yyJaPtkLaKNJKqfEChpGqnpQsxmoWi2tkK2hszOhpPuO8wQYuJQory\n" \
    "o7XgEJDz+8hI2eJcEJIr3AEXdtbQsj3TK48owpNZHh8ZyrZwTbAAm02nyGEIeW9O\n" \
    "oGnY4A1hG7CkL8v+zeNDndJk+7ph+EJ1J+6GXoECgYEA/n1Y67lylWuBpO3lm0b5\n" \
    "JmyPuXSXUVsqlXJ54u9Ox0x/XB70pOf3R25T8KUG6fgYq6NW+iFSLHhd1bbdihFS\n" \
    "ephpcCnOTmonud/Lioi7bFcG0cANWHAHD/bWIxap3XTpGvylQh8FFbCslC8T/Zq1\n" \
    "G27nKE7W/P6QxsrUroAUlcMCgYEA4hAqzvSfkFMYyR/8XEb8FjQEQsvGJ4VaotB9\n" \
    "xoN7xKJSfsfF7/65EJrAjLehiA5ow2U3xtM6uQbyxdkoIjSLyQteDbpTLxJKT/MJ\n" \
    "sGnCqVZEsWxxCcn7YZgTiRUxufKBEu2c6hDt55J2Qh2EMTMMG6x6w3GnVwBG86zT\n" \
    "wbynt0ECgYEAhAjgo5xZmLBoWPucjs1p4secYendwDX+h/8WwejLBJfp1A+zegNn\n" \
    "xkW1gzr7tVQk6JgcPjYffjcM6B6yHjoSgsykl674/LIS3lsALWX3Z6RXQ2fTBLlK\n" \
    "0LuOKjJN+zn23yuJSh7x8mjxgQhT5NXpdMw7XixZWnVxA9KkOcz14SUCgYEAkg+w\n" \
    "GRelITMPiKPKAjU7G31wY1gWJ+LZtOjQ2zqI9XuLoa6iDXafTEMwtbrP+4CT3+u+\n" \
    "JhDEmFgM9Bhi/fbFepiFpIkGxhsjOJTnZbxvscmziI9wWcrPSTdhJ+kxv9sX2or8\n" \
    "H5/glwbiscUwbDl3UUoX57+/R08+iKLaDws9sgECgYBKOcBsz7wOgw7JitDwDRxF\n" \
    "ORflHI09+EJRdbBR42J+1c5GnA2OJV4ygRv4tu+IPMa4iMA9bZn0xdRTkyAhSI8x\n" \
    "GdMlXn4vZ/4bFY5cGbkX/mswoBEhKiJbN9HJDX517OOCevzrbs0vF9ZCuEf2lr94\n" \
    "WMhzXpnkjX7ifku9MZRxzQ==\n" \
    "-----END PRIVATE KEY-----\n"

#define PEM_P256 \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHvjgOQqy7VX1ZnDl\n" \
    "2jZVD0llYBsPrw4nf80MA3NnkPuhRANCAARmNCVLiwU+OFWPH5gl8gTpPphkMqaq\n" \
    "VoO8jtlhucTENciH5YY+nzD0jhMMNUyPVrWnC0ylHQ6VrH45UqWKM+wk\n" \
    "-----END PRIVATE KEY-----\n"

#define PEM_P256_PUBLIC \
    "-----BEGIN PUBLIC KEY-----\n" \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZjQlS4sFPjhVjx+YJfIE6T6YZDKm\n" \
    "qlaDvI7ZYbnExDXIh+WGPp8w9I4TDDVMj1a1pwtMpR0Olax+OVKlijPsJA==\n" \
    "-----END PUBLIC KEY-----\n"

#define PEM_EC_WITH_PARAMETERS \
    "-----BEGIN EC PARAMETERS-----\n" \
    "BggqhkjOPQMBBw==\n" \
    "-----END EC PARAMETERS-----\n" \
    "-----BEGIN EC PRIVATE KEY-----\n" \
    "MHcCAQEEIJjx0DupcL5g4gUDsRDyPJ4gdGuB+q4hvGbYiL8CRieVoAoGCCqGSM49\n" \
    "AwEHoUQDQgAE9mhL9KSIYSciiB+7QSPkbTgkysQ11PtE89UuW0XJMCn2boMjptit\n" \
    "LmNHvij5QEM3I5Qpem8FxoETmYJAbNkTWg==\n" \
    "-----END EC PRIVATE KEY-----\n"

#define PEM_ENCRYPTED \
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" \
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAh+BgFShKwYMgICCAAw\n" \
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEGYrwrYOJ+EzMyXE/1gF5E4EgZCA\n" \
    "UqgfhOiDvuVELh1TMXNQwuoCx5L6riNGXhU7zhsSHR2+g2csdouWnqhx2lOXoOCO\n" \
    "KLp1PVnL3LOrHkqCVljG2kq+NimbVDBwY84QpbHgC7whlINp+jUjwXdKRqTEjGph\n" \
    "YS0rBTNo0fBDGTXqh8H4xnnWjDaky6bZ2xy9cJQ5z5dh2EPwxIeO8TsUklGtqR4=\n" \
    "-----END ENCRYPTED PRIVATE KEY-----\n"

#define PEM_ENCRYPTED_TRADITIONAL \
    "-----BEGIN EC PRIVATE KEY-----\n" \
    "Proc-Type: 4,ENCRYPTED\n" \
    "DEK-Info: AES-128-CBC,DFC34D942E8343161B3686A8EACFDAD8\n" \
    "\n" \
    "/Ep4J/CpFl6tSQPuXh7fTsxN/UFKZ9k0azhioD7I4rMQjUqqLK2PYlFtbrUAUnoR\n" \
    "957Og7BzzeegJ5p8GGs5/616XJwo1kdXDWVeW6wf4+9KkIuVnD+syf0MZ5zqKEVn\n" \
    "yJ2494YPZmkLl3nSbdWSmyVHxIIPJDkvMGGJR+0Kq4k=\n" \
    "-----END EC PRIVATE KEY-----\n"

#define PEM_CERTIFICATE \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBbTCCAROgAwIBAgIUaf0Zxys8s57/kPQgJm6htlExsDEwCgYIKoZIzj0EAwIw\n" \
    "DDEKMAgGA1UEAwwBeDAeFw0yNjExMjIwNDE0NDZaFw0zNjExMTkwNDE0NDZaMAwx\n" \
    "CjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARmNCVLiwU+OFWP\n" \
    "H5gl8gTpPphkMqaqVoO8jtlhucTENciH5YY+nzD0jhMMNUyPVrWnC0ylHQ6VrH45\n" \
    "UqWKM+wko1MwUTAdBgNVHQ4EFgQUfH8cWQn0yMGvvrpaa2XlE4s2p3IwHwYDVR0j\n" \
    "BBgwFoAUfH8cWQn0yMGvvrpaa2XlE4s2p3IwDwYDVR0TAQH/BAUwAwEB/zAKBggq\n" \
    "hkjOPQQDAgNIADBFAiEA9x/jbPp/F5Nb5T5O/Q4vvndhmsHjFVLfb+FCK6qJ5EoC\n" \
    "IGJ+d4ubhIfL4Z+qy/p1KLdv/RkFEJ09uAI8gY4JHmeJ\n" \
    "-----END CERTIFICATE-----\n"

#define PEM_SECP256K1 \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgymrXfP4aJ7sONPHumr+i\n" \
    "pzew13I+3zQE00mUApmyFXWhRANCAATpTy0jBrGH9gO53PaR1AKXmX18CaXoOqEh\n" \
    "+JQHJFQX9YyVn5snM5xwlETuxktuUY1TGk+nVNegR8W3fdT4E626\n" \
    "-----END PRIVATE KEY-----\n"

#define PEM_ED25519 \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MC4CAQAwBQYDK2VwBCIEICW1/2t+TqSB/cFXp3gbmqkX31DUKOS5/e82OtJRQrHi\n" \
    "-----END PRIVATE KEY-----\n"

#define PEM_X25519 \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MC4CAQAwBQYDK2VuBCIEIBioVuzeORfUJt1WGtJkAXkIHn2iOg+6S7lYkm3VNNtN\n" \
    "-----END PRIVATE KEY-----\n"

/* Made with another implementation: signatures that are right in themselves and wrong for their header. */

#define TOKEN_PS256_SALT_20 \
    "eyJhbGciOiJQUzI1NiJ9.eyJzdWIiOiJ4In0.AeHg7qUbnyehqa_xu1GDi-0OIsIQul_h-DMkWxqZToUiJ-6ZmX1KO-IFxzHv7aO" \
    "yE8SzfCRFfbggDZ7URspjhjSWuJy7FB5emyq_U4ThL4KxxiVkv-IRzhKkh60pR_5ekhGsVLoKntvww1OqEZKBEHDNbDByuFql1Nz" \
    "CsKdoGmv9Zh-MpUYSjqK7bIhBbsFIZ0uVAA08Q6BHnaPtChz4nHvqYsA8epp5nvMNOPw42WSciKXaLX4Hby5nQnDAVQr0S6H2Uku" \
    "yZiGt422DHx5qD2hDJf_ZDsRCgDd5X7VcG4r1ay9Rhpk6lwttzyz8v3SKwuKdd5CykFBedL1o94StYA"

#define TOKEN_PS256_SALT_MAX \
    "eyJhbGciOiJQUzI1NiJ9.eyJzdWIiOiJ4In0.b8ZyGujVwack04sf5NGwO0g0htsN0_YTHVwJM6r4n7TQUypWKCXOILCgz4lOpYu" \
    "BkwJcHTJibr-TPthguP-mPH1iM3bCDB25B99RIVkbrhy2OUf5du6vPZDe3nBhHB5e9O5yDkV5qcRqdyfezCEeFC7to1VOwJ7isuy" \
    "LI7s5WRl6SiviUife9aK5ucLHOcWZbicdrc3pJ99nToicQRCDpenQaeTGDPHzjlt3u0jxwSm4cXmkdwiwFWKzxqGNBTMH72CznrM" \
    "8ittY_bYT00Y30xWiBYzCtY49iUwIjjG2vckWUYqU8ma-PRqodovu5UwXsbwhsz3KXhiXXvwuxGFwjA"

#define TOKEN_PS256_MGF_SHA1 \
    "eyJhbGciOiJQUzI1NiJ9.eyJzdWIiOiJ4In0.eOimjVFygroLwH3Y18xaogBCYVlwC_RnMSjWQBhKPER9jaTxOhLud-PZGUQKGDm" \
    "XVVmYFoHWM9uVCcA40LboPo2KZR2twfJS-YfbmzXe66E8fIj1iDxdh89z1mV1WDbDLqOvQ-v3e19b1B5Y-kq3gmP7bNS5V6Sj9eE" \
    "sCclxX78KDg8ZIdPztDj-JlyJpjVdaVA822AKiK2gOCibpvq5EVMkjjl8MDMuPIiVKTcQ0PjdrwtXBuMSMpdZ-oU0Xee8I7OWY_C" \
    "gWXfiiywNFfsIg1E4223HHoL_wYvGsSHGdJRGhI8CQddA03mWPMzdwBRpIjh2W_61LE3dHmlA7aIZ3Q"

#define TOKEN_RS256_OF_SHA1 \
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.Tw91kRMRuGMpO8SFA_Z0f-jfj52SsqTDNxVh6Q-s0mPFiEe3f4P8YWpU67nBWPu" \
    "5CJ46UbqVcEDTQry0m4i2sHFGDMC6TQRc22WEg6ODWEEH6-Bvs20y7imVfWewEDaC-AwstN0lP-zDpZ7hyH3h8RhDnCFLvG6Ey0v" \
    "ElzKHRseq2N-BriLjz-lJQX6nhitgQna9OU182Zmqu587qhxT-vdiOLj5T1EM3jLK6TpkMpFQ3Hw48zB8pJ-sguIQINYX9m3fA_-" \
    "aRUnsvO6Y2y7QnRAEmeH0TqoRDbSzOshs7ngGVzXieyMQ7m8jqNEif3GHoh9gnHjGTIZwBvk6Qf9DEg"

#define TOKEN_RS256_THAT_IS_PSS \
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.QI2TZ17vsQkEHKZ9eJmbrp0oK0Z1MevC4tQsucAz8E_H137q0DN9L73p_UYyp9I" \
    "weJS61CQhq-D0uBiNvkFJIYAIN4vHa3qBUHB6K26yiLwmkeG7mvFIshkf7cOEaTXGsOwGIzGKsrPrGBxl9C99D40CeEwbnVZA2T5" \
    "MOrnscYvgWNFsogivvAHp6dazfPsW_5SCNEV00j2cvdOKW9M9o_NdvDxQzZ9LjlGMHHfb9EiYNVwmo1--NNill82BrZyUzTx2inR" \
    "BlqEhYw8aXpYAovZkEtbDIBYAC8zAPVshfgp6S1uIs4i7LLeUbldl88NTZo5CxcVEFjVz8b8X6JuWQw"

#define TOKEN_ES256_DER \
    "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.MEUCIQCg9qhhTLSI2KMZbJ5q6HCpmipH6YxzLw-ovFYZ-jEq6AIgNdWSl8dXbnD" \
    "O_456ABbR3sfGuiJf4xO32v6lEW2-pQE"

/* Encrypted by another implementation for RSA_PUB, P256_PUB or RSA2_PUB. */

#define JWE_RSA_OAEP_GCM \
    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.IAXCf6P6rbT7Zd0DZ8mS3l2RCrJTMkGd7ZgNFmHbkZ2gfhu-6b_kE" \
    "0DhN345KFIUXwz8vx-1OcfeNklzK8Tbrf_LfguujlcJmyoI_x6kC_fjOPJbVcI3I7yX4QfcrcedbV3iGVAlQ64lJxxFb4s0hMw23" \
    "JRiwrcXl6AOBnEFfaBmFX_23xLU9hcuBg76e9kGlfRHgONHppKZ0FCHyQT4flmdUI89iP734pCrfgm47ILiubCEU1gf1fbFL6gF5" \
    "zp_baTNL0F2t79HF7mMQP_CaU0RaAxN8HOsq5JJ1hVAl3EfUG0v72sWbarRC1yICl_zBsvrp8h0FU5hZp2MA9ikrg._5nxwAjQtt" \
    "wdbuxg.aae4Pwwc9w_vBg.YDVPcZ6_mRCnOTZeisWFqQ"

#define JWE_RSA_OAEP_CBC \
    "eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.MFtJTvF-ApZGOd1QmMH1ifA739yCaNpodgrNT33k" \
    "zxvN87aZ_fZcJp_eDhEX7CyfIDM4z1AqvdL9krJr84e6S0phuAdg2qtuWwuCHUcv7wDzizvzsAmSUCBZmZLnkGyg0a4bB5TZcM9a" \
    "DgOX6XDWhD4p-NFwg6sJW9nHj13e2JE6mabRVkBhU5qT2Ty6IN87gbivDCA6HwLi_EeLEhCy62rwT5yFS-kEuil3yMNPVeDRPTGm" \
    "T_pJbjY5GDVdcDpBd15Y52AijDOMDzKIcxaLweL1M3shlrU2viBrHWS_6ZCwjiu-VYNPXXYNNp6-4et10YpOM_lwRqJY-94BhVua" \
    "qQ.z1vmExCb-u4zXWSydsGdTw.c5nsUYprfLM1EzGlN1ttzQ.DgwSqofBdSP7XDPUiEgK7w"

#define JWE_ECDH_GCM \
    "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTEyOEdDTSIsImVwayI6eyJjcnYiOiJQLTI1NiIsIngiOiJwUzJwOXhUV3BhczRkWUxF" \
    "UG5tTC1QaGNqWjJKWXlmZWY5LXpZb3c0M2xzIiwieSI6InpPWlRsQmNUaElxWU1hNnozTnBQRF9EY3J4d1d5SEtnZmd0bFAtM1lv" \
    "bHciLCJrdHkiOiJFQyJ9fQ..vQV3AwSY2OL2vRYx.PkN3ma-0QJKiaA.8BjBz3oC8i6XsoV57fOsQw"

#define JWE_ECDH_WRAPPED \
    "eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIsImVuYyI6IkEyNTZDQkMtSFM1MTIiLCJlcGsiOnsiY3J2IjoiUC0yNTYiLCJ4IjoiN3JC" \
    "WkhwR2VOcEM1bFlSOWxWQXdhREcxLXB4QVpVX096NnFHa2xfRFFXUSIsInkiOiI1dVBfUDQ2VDZ0MHpNRHY4TGNKUFlQbXB3VlhD" \
    "bkxuVWRIT3dUejg3b0hFIiwia3R5IjoiRUMifX0.xzT4ihZbIlIjTKHS03SdoQWdSOWdITyaDGMzcT-j40HJc0_8hIU1Fui7vY-j" \
    "SQsK6BI92aVlyIM_FKlqvak0vnrU27Onni3k.6hJGlzNv3zHqm2KDl-RbVQ.Q2xOXjQOxBkIUVoiJJnmOQ.1-8yFVwC9r1oNCCyk" \
    "uk967q-Zu9opsv11ZaB7cay5o0"

#define JWE_EMPTY \
    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.Bn4DJlQkw8Wdd8o_bt-3huIW6DtxA4zLYMHh8g39ZBEAuo1GQ9P7v" \
    "etY2dEiVc8j2AtGOVX_2kyrgplXUQh0uoRxtWiZj3hBSBK0s85KpKi1EeuwAPoOlJQ5XJ1FuVcMwMNObpQdrxEK76qREUSuoSRTQ" \
    "VssZXfJrIl1fjnu8dPGMLFTqRStk31MHOORO7vTJ3_dy0X7rdd7B-Lomcvay2xE_cihX_JGz2JYK7ATSPvLTDgnTSDHHx7yYokIJ" \
    "_U0v2lBPrkHbgCN2M2j6vxB9NwFn8hIGADDPN1JqYmLb9cJgX2a4XgWEm9GoZbki-bxsbxb6KjcHVRoxj-0nbqR_g.MOpRVqVyzx" \
    "mdT0XW..-HImR22aD1mnNNJZVyxAEg"

#define JWE_EMPTY_CBC \
    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkExMjhDQkMtSFMyNTYifQ.VqR0Htp7ZKgN6u96Nrowasl7evF3dnwRUgi9YzQQT3XMr" \
    "iPGX3QiLOuMrmqf9VmD0kET1HnU1s1w67b7_M0ty2DIqE2Xy2PWTaeI660XiW9EFTmm1xr-aXx51qBzYl8q__FRQMJ-0bZz8P_ds" \
    "fmO9lCvGungOz58WABrnjitE3pQgJAYUgOHPah7atI9VQcbKNBfeK2b2Wy94cMYcX4aLHaOp5kFTTY7XTa3ayEVzUBanFRKIKCg2" \
    "8aG9uUkuxaY1uGWlniHDoRAicY_W01hto4NzJVU6Q05F6SAKUSlGaNFXudi6v1bMiYXZwPy61W74wjHMPvGWPXbLPSH77MNsw.m9" \
    "pKsKOgvM5Lve8QMpKAlg.EtA3vsqKOgtS3xAbimeFBg.0aHQOvBLPYkGxnp1e7vdQw"

#define JWE_FOR_RSA2 \
    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.GFouULbwbLBXyXCyyQWh4nHcV5ZERwymMA0mxURheKWCsgGtg-zUm" \
    "4Dtro2hYPy_gco86ZacKaE1hJhxR4at6_uZLdk6BStALRvgwL2m6c8krLOPxfY4Zz00Y5gGlqB9zBjhlsip0A3NT8hON1rbfbxZ4" \
    "vqCqJNnDJ9F6wxaOk26Zyx7BvPxBLYF4UGvyBgfpLIqqk73yILHuHLsBfPspzLWgBH0OeU9uh79udgeYpfc5zQSiZVhAhpq-qwjq" \
    "YjMpz6IipIxBgxJkfHzVjnJ2F2YhFh7pRI10YOpuOmPzY65hC69Aro9BqixkaMT2Mq8HAJ25QWWwPl4lUmQK7xiWA.rs1waYjfRB" \
    "izlp10.JIWUhCgy7i6n9Q.s8oIF0MH6JQbQXPqDtWo4g"

#define JWE_WITH_KID \
    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00iLCJraWQiOiJvdXIta2V5In0.o3IzO9CPP0eVH13cCycT8KOxPxXbnxUj" \
    "2Oe30CsObx08lB8BnDCOEJ_ITV2XgnbW8sBsIQ7JEdc1NVriaGWbUo2DzGmjgnhbJN42h_8ba3d-w391XEdsb8ztJvc1wFa7jldJ" \
    "vdlYkJoxhT9eNgIrTzw1qsWkx9-3NL0_QCqZPNDOwwE6bxEVri2OvRnLtOMaabVNn_LkpM6hGrTZtwqd9kEgpV04EPI86q293X1u" \
    "8SuSazb5HPERRgfNnkfPF6pNk9Uw4nt6h88t1C3e1D57Tdl7nyBrBmt3T09CruNuzQ6miA-OJW4jmW39H5e-MM97iYgNO5YPkMcw" \
    "ebhi6M-dzg.MGtsa-Bs105B3RLV.W70aEQkfmjZK5A.JgDoNk32SuAcPByLlqbGuw"

#define JWE_SHORT_CEK \
    "eyJhbGciOiAiUlNBLU9BRVAiLCAiZW5jIjogIkEyNTZHQ00ifQ.ODRB2UiMfEZIRG9zCGIvhtcgvKABnyTciS4GCwayFK7wbfzd4" \
    "g1j5GSDBIdTEACCYXfceBTgUIo59rjBVM7RSYM-H0xusIbc73Hv0YJUWE0JYdgpXXwgQF0M02cLK46A_s_xP_esdF5MuV791kNz3" \
    "eVVe-_9m8xaLq-UKtvfVnDIf4L07VmdES-zJZ7hXdm1Anuzfq0ooOHZ2o311AU6m1sakaJWVDFLcGK85DUlLML9H3jGNbfetTMpM" \
    "0jQ_68NOP2ogMpdbDOvKw4jMoHXqFlCnkmK5uH2A5TTgARQPDJ1Im_SvMOBRHK9vzPjrk2IQcVcOTuv6MvQ_Vwtfk2rbw.7hzd8B" \
    "hM_4xKmzs1.Hq1Qls6lheieTQ.-mZ79uR1nVfrGq9nDfmnXg"

#define JWE_NESTED \
    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00iLCJjdHkiOiJKV1QifQ.HV9Ub01M6tvbYKS7qG-M9Vo9608Nn5aHvzYnf" \
    "b8I4V7-GJVEkIQXSZpfUN3ebNjSU0Q9gEic210rz1IODw0L9s8DoXFcuxIuSzKNFFPFxMkSWXT1u4sy--hoIJwpd6jwcUuUFKnPI" \
    "IrSv8dlORK5BEzrjiS7omurhCP0tdJWWDnXbpTH6Di-ryXk_icLirrgraCI9jnWyVtmxTVeHOjnVX54giD80RBmJi3zMj7nS164e" \
    "bNGCAcuACFiIAymHaA20aZnMhAVCL5RL4-kP8Zyzwyd9-SGhcHidoSpl4iVCP1vlcAZYHwxWrI_rJQhcpwRAFEWg-76KPU1a5nX8" \
    "EzOEw.NLPq3MQbjFd-aCZM.vMrpuPOe_i-2fagwzS2W7TB2wd9RvmQAERI7Loo01kmvxkHS1iGVmplyviTAVBUDHWqGiXIuR-Bwq" \
    "asCnxwPIZk73HOGarWW7l-R3YnzU8SHW_aQbm0eblqvhcTY4cVij49pyk36vnCIMI-cyctAozOyG-33F32AkkeAsyXlaMurUvH3t" \
    "49fAi5EiENidJeoUj8ABLThX6i-r9ymzFgg1qn7JkT2N6S3eKagqwu6hElU1IvGuV9LjohR.44JUAgaKfvAot2KNpv5-qA"

#define JWE_NESTED_ECDH \
    "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTI1NkdDTSIsImN0eSI6IkpXVCIsImVwayI6eyJjcnYiOiJQLTI1NiIsIngiOiJzLXVF" \
    "czl2UDFrQW5vWDRndGdzeFpiZExySDJnaktZeXVubkFlYlFYTTNVIiwieSI6IkJMLWpra3lwckh0X3VrSlBkYm9mLThReGlDX1Y2" \
    "N2JTeXVZZnhFMDcydlUiLCJrdHkiOiJFQyJ9fQ..ym1RKCLMrrjrBujt.Mzb47A6Th84rMt4FA_t0Bqp2wxIxZUfJGv55s_uV7YE" \
    "vDH-6WTJs8ppOZualNrWm-XfmpAy3kUgIEjrHC-cXE_5zfK5Wu8xIQi1f0CMijTD8-mBkRYBr3BXw76iZBU-s2EkF09o49MLTW1g" \
    "BuA1K10KBwQMh2zO27CjshSNB9G3EAA-ps50k0dM4zVCNYS62yLq9DxoarXz23HZKE4T8rJ-HY0bvrwozaEpFljHpCm69rHDkZez" \
    "le-r4.uIWZCfC_oJU4n2BkO4Azww"

#define JWE_OF_NONE \
    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00iLCJjdHkiOiJKV1QifQ.eXTzNemTkdGO0gkAwVUdatavCxdUG76p4dBs5" \
    "HD9Rav8aFjB_kLXeByo0bSTFUd_PcriwxNJuBPmF_MA56r7f3gpcUxYyWyao_VsZ-4YjdekuffdaQer6NlOHsIbeDMUdHOwJWHsk" \
    "dJ6MkEU2UUOr_DbzlQU0PsqzCj6KMpua2J33as0L0mVj0t-33qwJdBasPqIJSz9fEOATJqtSFIt-g4cJLDFr_wpCtv26OPkr3oKR" \
    "bZ6gyZqUc05RcCh9-MTGq58zxHasE170Ly29GsCDUQ2l9LjuSFfAeqWTbGxniMwAkMjaCIyYSbtZPN1icLT-nJ3g0qAspEbZxDOn" \
    "ZhkBA.MxImzoPV9DvnwBlM.ZELi4mjkhvRZNBhn1bvF_JTztuyI1SziwocxJm6OHvcjKNqJu8sGaFA.C1gnqy0_dqgR_ZRlUt410" \
    "Q"

#define JWE_OF_CLAIMS \
    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.iRY3EbGk21Ak2ignZ_rq8pZ9rG4298uerzYwrklj2y8KVnA9xjMco" \
    "clxJlEWhMwI8JFko2XjwWu_ThqSpaq57MjMYd2bFidZoLl4gbCyVRXejI3Y-X3J1oTMRiWzrv2PprJIQofyCJi8W4KpscVVfMhm-" \
    "mvCJ0UdRSlpvknqv36FrVgQa7wjMDmBqrU6CUqcY9U632-kS1nJv3ZLAH1DugCjSBY4wJ2byC7xHQrq_3SCbRk3dgMu-wzQ07_x2" \
    "V6HR_WC-Lg68UbhYtq9CP4J2-SDXztPmPPofHgIILbNQIRl9JN5ZyI7ru13mjRBIPLU_CZm8eUSM7358fBGxsgTEw.qy3ava9SBi" \
    "AKGAXA.56cVAgYkd3l32MSXQ2ItZoIHHtqwUFfZOrY_qpa2Y5cmjGIWrDzFvR_n9R2mdw.74G-ZhaRcxwscrWM4x1CAQ"

#define JWE_OF_JWE \
    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00iLCJjdHkiOiJKV1QifQ.jjiQIIVs8ODD2dKhDJSoP0Mve_fz7TJujESDR" \
    "a-fubzC2cf0fuHBZ1L_Nox6l9ntEao2vzokEMG2kq_zL29WOi_zpJ9cvu-bxzg6FQk7_V_tJDs7qJFRbA0iqmmPJrbtoAXhpQVxF" \
    "L397uwKkgtHAyzx9VuCyofQDZwMivTAYgCVaoJfoiSDQZPGkN12g-FvHXiljfdk06PgtltmDnj07r6aClJJd24xlgg7H3FEcy75g" \
    "wjURYDmhCDv33bwMzRjvpROxfomxALJLRxFxO9do_t11yDSs2nYEktVKhVrsEgU0T6EnoS2xXpb0VTiGbG7opVhg7ZbE3AmYOCh-" \
    "DEelQ.OA5S5AKwgfsdkOwE.Mw-6U7QydDwyakO3qCM_I4IurfwwcVPqYIl-cnqcYHfUcPU6LNuT1_OKcVIHU3d5A9okKvXtetbek" \
    "DgOioa1HNqRu3A0BRXl3ANgxM172NAt3DKItCkj336o1IccNerHfhlPF0CLf7yrqunEIgl4mrUfb97abMP44AcFXjAvxPY3wOKEX" \
    "5zmSLuK8Glm-qdgHuU53IVFDPVa6CgS_gxlvKzvfA3S3-AI8YqDWu-r9ANRW6Msvc536AB84cGEvhZgJ6PXkMRLLy1f0La7dpzXM" \
    "VVaDIQ5uShS3zEZK2D794SW9HXOIm1JZfM4VNF6Y36mUTjxbTdAWPGHOlOobPAKFLerChRKSg3Psxdz9JfH-9hFau8AfE_-yn7Hw" \
    "yU-5F3bMVZfPwjV1GAS-EIjhHzJm_jMn1saLhv76SfuOUczO2Od1bFZOznt27z5SlvPxnrF4Up3SDH3Y0QT5VqL62ZxGsl8XrwAq" \
    "ozWPS1ldLEF-wTjiDXapd1A30eeyecECI-1knSGrLYN-MYLbtvTJCUz9x1ogc_6XUvAGZC5xUCYc23J-DRk-YnYJQGXhN6l-pny6" \
    "YyDcCI0bgDLutxlMIw9zEW8rTVneXkOaVvnvZNvQ2obuwfdDOtjwhizNFXQL5zT8r9Uf1Jp5GWcxbGpvfE36GVG7CrWmg5AKTAMD" \
    "RBxaZ5BBKQ5udc2DG8AgZnLi_JovriGEBitz0y-S8FSz1MoOttk55pOhSB0QjJjeY8F9puRtMbG6SeQlIBuc4qXbQmiqukhQXM5u" \
    "BuNdI38rVZSD5pJrUOTn-a-iErXWlI6Hb358G71PTdAwsFnrJ96yTGKcu01etO-LPAT5Fh18sB3-_Ba2NJv7iAj8Lh1NSyTcwOHo" \
    "5FrkS7v1SjuNxZwKJvmz3XLQlYi.gqM1vjFGpYoNXwqDZSCB2w"

#define JWE_OF_NUL \
    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.H9IwAT1jdZhvBGnOZ_KiNECB2ac2ZQov9US0aEjX2J3-C2IeCF9Tk" \
    "7ueNK3sh9REGbyuuLmh7v8HXT9WnEoeazFXeSJMGupC1G8uBKZwm727YN5dFWa50gylsurZjIl75i5ymG-XK0pjNhfkDQH4UaEHU" \
    "r5DsBe2muZTle5dZ_CRA7gw-d9MkB0AAOSF1jK3DYQz8dZQeuMzXBy5pP_rZkqxF9ZpXddLzGXbVjMlomgmfLTAFpGX6su_ebT9R" \
    "qmCxf4jlUVvg9tVAnjnu72OzbLKnhY89SY5Spe88ZsSb3uBFvmmI-1vjjWQH2JYZ3H6golh1-rLE-XxhrU8W7Qftg.q1vb7pFEGw" \
    "GxvIC_.ewSH430x5SQy_kAR0gPMcLSfzqdAxG1FBv0WAJh8FdYRTPRZKty7HBdmSP0MP7q9zKe8eTENeRmLDoeOclmN9wQRI0yLW" \
    "XrIHNhKxUSYuEkJbhwLRLZmqlubw-y0L6mz3zjVdfXSKndGGgOwpmuk4zMDfa1IHHS1UdQUGq5bQOM5JLCreEfdmJm9f0ZPZuGTj" \
    "wOblXujLgXutXQOUthHlqZ8C-tx2ZCrUhT14ShXw2NKotEma1K_FUkKc96sxohi.tCOLQxburFgE8BeCrq11rg"

#endif
