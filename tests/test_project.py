import threading

from moat import project


def test_a_file_with_the_same_content_keeps_its_time(tmp_path):
    path = project.write(tmp_path / "a" / "b.txt", "hello")
    before = path.stat().st_mtime_ns
    project.write(path, "hello")
    assert path.stat().st_mtime_ns == before
    project.write(path, "world")
    assert path.read_text() == "world"


def test_a_reader_never_sees_half_a_file(tmp_path):
    path, texts = tmp_path / "x.txt", ["a" * 200_000, "b" * 200_000]
    project.write(path, texts[0])
    seen: list[bool] = []

    def look():
        for _ in range(300):
            seen.append(path.read_text() in texts)

    reader = threading.Thread(target=look)
    reader.start()
    for i in range(60):
        project.write(path, texts[i % 2])
    reader.join()
    assert all(seen)
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]
