#!/usr/bin/env python3
"""Writes the malformed annotations (coco_truth_*) and results (coco_results_*) of this folder, and expected_coco.txt:
FILE, tab, words of the message. The results belong to the well-formed annotations in coco_good_truth.json beside them."""
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
expected = []

IMAGES = [{"id": 7, "width": 640, "height": 480}, {"id": 3}]
CATEGORIES = [{"id": 1, "name": "person"}, {"id": 18, "name": "dog"}]
ANNOTATION = {"id": 1, "image_id": 7, "category_id": 18, "bbox": [10, 20, 30.5, 40], "area": 900, "iscrowd": 0}
RESULT = {"image_id": 7, "category_id": 18, "bbox": [11, 19, 30, 40.25], "score": 0.75}


def put(name, data, words):
    if not isinstance(data, (str, bytes)):
        data = json.dumps(data)
    if isinstance(data, str):
        data = data.encode()
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(data)
    if words:
        expected.append((name, words))


def truth(name, words, annotations=(ANNOTATION,), images=IMAGES, categories=CATEGORIES, data=None):
    whole = {"images": images, "annotations": annotations, "categories": categories}
    put(f"coco_truth_{name}.json", whole if data is None else data, words)


def results(name, words, items=(RESULT,), data=None):
    put(f"coco_results_{name}.json", items if data is None else data, words)


def without(record, key):
    return {k: v for k, v in record.items() if k != key}


put("coco_good_truth.json", {"images": IMAGES, "annotations": [ANNOTATION], "categories": CATEGORIES}, None)
put("coco_good_results.json", [RESULT], None)
GOOD = json.dumps({"images": IMAGES, "annotations": [ANNOTATION], "categories": CATEGORIES})
assert GOOD.count('"area": 900') == 1

# ---- the text ----
truth("empty", "not JSON at byte 0: ", data="")
truth("cut_short", "not JSON at byte 100: ", data=GOOD[:100])
truth("trailing", "not JSON at byte", data=GOOD + " {}")
truth("two_values", "not JSON at byte", data=GOOD + GOOD)
truth("comma", "not JSON at byte", data=GOOD.replace("]}", "],}"))
truth("comment", "not JSON at byte", data="/* mine */" + GOOD)
truth("not_utf8", "not JSON at byte", data=GOOD.encode().replace(b"dog", b"d\xffg"))
truth("control_character", "not JSON at byte", data=GOOD.replace("dog", "d\x01g"))
truth("nan", "not JSON at byte", data=GOOD.replace("900", "NaN"))
truth("infinity", "not JSON at byte", data=GOOD.replace("900", "-Infinity"))
truth("leading_zero", "not JSON at byte", data=GOOD.replace("900", "0900"))
truth("hexadecimal", "not JSON at byte", data=GOOD.replace("900", "0x384"))
truth("utf16", "not JSON at byte 0", data=GOOD.encode("utf-16"))
truth("deep", "more than 100 levels deep", data='{"info": ' + "[" * 500 + "]" * 500 + "}")
truth("deep_in_annotation", "more than 100 levels deep",
      data=GOOD.replace('"area"', '"segmentation": ' + "[" * 120 + "]" * 120 + ', "area"'))
truth("binary", "not JSON at byte 0", data=bytes(range(256)))

# ---- structure ----
truth("list", "an object that holds lists is expected", data=[ANNOTATION])
truth("number", "an object that holds lists is expected", data="3")
truth("null", "an object that holds lists is expected", data="null")
truth("no_images", "has no list 'images'", data={"annotations": [], "categories": []})
truth("no_annotations", "has no list 'annotations'", data={"images": [], "categories": []})
truth("no_categories", "has no list 'categories'", data={"images": [], "annotations": []})
truth("images_an_object", "images: a list is expected", images={"7": {}})
truth("annotations_null", "annotations: a list is expected", annotations=None)
truth("annotations_a_string", "annotations: a list is expected", annotations="none")
truth("annotation_a_number", "annotations[1]: an object is expected", [ANNOTATION, 3])
truth("annotation_a_list", "annotations[0]: an object is expected", [[ANNOTATION]])
truth("image_a_number", "images[0]: an object is expected", images=[7])
truth("annotations_twice", "annotations: comes twice", data=GOOD[:-1] + ', "annotations": []}')

# ---- fields ----
for key in ("id", "image_id", "category_id", "bbox", "area"):
    truth("no_" + key, f"annotations[1]: has no '{key}'", [ANNOTATION, without(dict(ANNOTATION, id=2), key)])
truth("image_without_id", "images[1]: has no 'id'", images=[IMAGES[0], {"file_name": "3.jpg"}])
truth("category_without_id", "categories[0]: has no 'id'", categories=[{"name": "person"}])
for name, key, value, words in (
    ("id_text", "id", "1", ".id: a whole number of at most 2^53 is expected"),
    ("id_fraction", "id", 1.5, ".id: a whole number of at most 2^53 is expected"),
    ("id_huge", "id", 2**53 + 2, ".id: a whole number of at most 2^53 is expected"),
    ("image_id_null", "image_id", None, ".image_id: a whole number of at most 2^53 is expected"),
    ("image_id_object", "image_id", {}, ".image_id: a whole number of at most 2^53 is expected"),
    ("image_id_true", "image_id", True, ".image_id: a whole number of at most 2^53 is expected"),
    ("area_text", "area", "large", ".area: a finite number that is not negative is expected"),
    ("area_negative", "area", -1, ".area: a finite number that is not negative is expected"),
    ("area_list", "area", [3], ".area: a finite number that is not negative is expected"),
    ("iscrowd_2", "iscrowd", 2, ".iscrowd: 0 or 1 is expected"),
    ("iscrowd_text", "iscrowd", "0", ".iscrowd: 0 or 1 is expected"),
    ("bbox_null", "bbox", None, ".bbox: a list of four numbers is expected"),
    ("bbox_object", "bbox", {"x": 1}, ".bbox: a list of four numbers is expected"),
    ("bbox_empty", "bbox", [], ".bbox[0]: a box has four numbers"),
    ("bbox_3", "bbox", [1, 2, 3], ".bbox[3]: a box has four numbers"),
    ("bbox_5", "bbox", [1, 2, 3, 4, 5], ".bbox[4]: a box has four numbers"),
    ("bbox_text", "bbox", [1, 2, "3", 4], ".bbox[2]: a number is expected"),
    ("bbox_nested", "bbox", [[1, 2, 3, 4]], ".bbox[0]: a number is expected"),
    ("bbox_null_inside", "bbox", [1, 2, None, 4], ".bbox[2]: a number is expected"),
    ("bbox_negative_width", "bbox", [1, 2, -3, 4], ".bbox[2]: the width is negative"),
    ("bbox_negative_height", "bbox", [1, 2, 3, -4], ".bbox[3]: the height is negative"),
):
    truth(name, "annotations[0]" + words, [dict(ANNOTATION, **{key: value})])
truth("area_infinite", "annotations[0].area: a number that is too large", data=GOOD.replace("900", "1e999"))
truth("area_long", "annotations[0].area: a number of more than 127", data=GOOD.replace("900", "1" * 128))
truth("bbox_infinite", "annotations[0].bbox[2]: a number that is too large", data=GOOD.replace("30.5", "1e400"))
truth("area_twice", "annotations[0].area: comes twice", data=GOOD.replace('"area"', '"area": 1, "area"'))
truth("escaped_key_twice", "annotations[0].area: comes twice", data=GOOD.replace('"area"', '"\\u0061rea": 1, "area"'))
truth("name_number", "categories[0].name: a string without NUL", categories=[{"id": 1, "name": 5}])
truth("name_nul", "categories[1].name: a string without NUL", data=GOOD.replace("dog", "d\\u0000g"))

# ---- references ----
truth("image_unlisted", "annotations[0].image_id: image 8 is not listed", [dict(ANNOTATION, image_id=8)])
truth("category_unlisted", "annotations[0].category_id: category 2 is not listed", [dict(ANNOTATION, category_id=2)])
truth("annotation_id_twice", "annotations[1]: has the id 1 of annotations[0]", [ANNOTATION, ANNOTATION])
truth("image_id_twice", "images[2]: has the id 7 of images[0]", images=IMAGES + [{"id": 7}])
truth("category_id_twice", "categories[2]: has the id 18 of categories[1]", categories=CATEGORIES + [{"id": 18.0}])

# ---- results ----
results("empty_file", "not JSON at byte 0: ", data="")
results("cut_short", "not JSON at byte", data=json.dumps([RESULT])[:-1])
results("json_lines", "a list is expected", data=json.dumps(RESULT) + "\n" + json.dumps(RESULT))
results("object", "a list is expected", data={"annotations": [RESULT]})
results("string", "a list is expected", data='"results"')
results("trailing", "not JSON at byte", data=json.dumps([RESULT]) + "]")
results("element_list", "[1]: an object is expected", [RESULT, [RESULT]])
results("element_null", "[0]: an object is expected", [None])
for key in ("image_id", "category_id", "bbox", "score"):
    results("no_" + key, f"[2]: has no '{key}'", [RESULT, RESULT, without(RESULT, key)])
for name, key, value, words in (
    ("score_text", "score", "0.5", ".score: a finite number is expected"),
    ("score_null", "score", None, ".score: a finite number is expected"),
    ("score_list", "score", [0.5], ".score: a finite number is expected"),
    ("image_id_text", "image_id", "7", ".image_id: a whole number of at most 2^53 is expected"),
    ("category_id_fraction", "category_id", 0.5, ".category_id: a whole number of at most 2^53 is expected"),
    ("bbox_3", "bbox", [1, 2, 3], ".bbox[3]: a box has four numbers"),
    ("bbox_negative_width", "bbox", [1, 2, -0.5, 3], ".bbox[2]: the width is negative"),
    ("image_unlisted", "image_id", 4, ".image_id: hostile/coco_good_truth.json lists no image 4"),
    ("category_unlisted", "category_id", 17, ".category_id: hostile/coco_good_truth.json lists no category 17"),
):
    results(name, "[1]" + words, [RESULT, dict(RESULT, **{key: value})])
results("score_nan", "not JSON at byte", data=json.dumps([dict(RESULT, score=float("nan"))]))
results("score_infinite", "[0].score: a number that is too large", data=json.dumps([RESULT]).replace("0.75", "1e309"))
results("bbox_twice", "[0].bbox: comes twice", data=json.dumps([RESULT]).replace('"bbox"', '"bbox": [1, 2, 3, 4], "bbox"'))

with open(os.path.join(HERE, "expected_coco.txt"), "w") as f:
    for name, words in expected:
        f.write(f"{name}\t{words}\n")
