"""A made-up hand of 65 vertices with MANO's layout: five tubes and a wrist. Small enough for golden files."""

from typing import Dict

import numpy as np

from pseudo_random import pseudo_random

PARENTS = [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14]
FIRST_JOINT = {"thumb": 13, "index": 1, "middle": 4, "ring": 10, "pinky": 7}
RINGS = 4  # three joints and the tip
WRIST = 60  # vertices 60 to 64


def mini_hand() -> Dict[str, np.ndarray]:
    """Arrays under MANO's names, float32 and uint32, in the layout of OpenHand's file."""
    template = np.zeros((65, 3))
    faces, centres = [], np.zeros((16, 3))
    weights = np.zeros((65, 16))
    regressor = np.zeros((16, 65))
    for finger, (name, first) in enumerate(FIRST_JOINT.items()):
        begin = 3 * RINGS * finger
        across = 0.025 * (finger - 2)
        for ring in range(RINGS):
            x = (0.02 if name == "thumb" else -0.01) - 0.03 * ring
            for corner in range(3):
                angle = 2 * np.pi * corner / 3 + 0.3 * finger
                v = begin + 3 * ring + corner
                template[v] = (x, across + 0.008 * np.cos(angle), 0.008 * np.sin(angle))
                weights[v, first + min(ring, 2)] = 2
                weights[v, PARENTS[first + min(ring, 2)]] += 1
            if ring < 3:
                regressor[first + ring, begin + 3 * ring : begin + 3 * ring + 3] = 1
                for corner in range(3):
                    a, b = begin + 3 * ring + corner, begin + 3 * ring + (corner + 1) % 3
                    faces += [(a, b, a + 3), (b, b + 3, a + 3)]
        faces.append((begin + 9, begin + 10, begin + 11))
        # the palm: each finger's base ring to its wrist vertex and the next one
        here, after = WRIST + finger, WRIST + (finger + 1) % 5
        faces += [(begin, begin + 1, here), (begin + 1, after, here)]
        template[here] = (0.07, 0.02 * np.cos(1.2 * finger), 0.02 * np.sin(1.2 * finger))
        weights[here, 0] = 3
        weights[here, first] = 0.5
    regressor[0, WRIST:] = 1
    template += 0.003 * pseudo_random(195, 301).reshape(65, 3)
    weights += 0.05 * (1 + pseudo_random(65 * 16, 302).reshape(65, 16))
    regressor += 0.02 * (1 + pseudo_random(16 * 65, 303).reshape(16, 65)) * (pseudo_random(16 * 65, 304).reshape(16, 65) > 0.6)
    return {
        "v_template": template.astype(np.float32),
        "shapedirs": (0.004 * pseudo_random(65 * 30, 305)).reshape(65, 3, 10).astype(np.float32),
        "posedirs": (0.002 * pseudo_random(65 * 405, 306)).reshape(65, 3, 135).astype(np.float32),
        "J_regressor": (regressor / regressor.sum(1, keepdims=True)).astype(np.float32),
        "weights": (weights / weights.sum(1, keepdims=True)).astype(np.float32),
        "f": np.array(faces, np.uint32),
        "kintree_table": np.array([[p % 2**32 for p in PARENTS], range(16)], np.uint32),
        "hands_mean": (0.2 * pseudo_random(45, 307)).astype(np.float32),
        "tips": np.array([12 * finger + 10 for finger in range(5)], np.uint32),
    }
